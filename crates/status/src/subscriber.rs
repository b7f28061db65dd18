//! Whom an address counts for: the one answer to how much of the address space one asker may have.
//!
//! Of IPv4 it is the address. Of IPv6 there are two answers, because a mistake costs something else each
//! time. What is counted *against* somebody is counted for the most that one subscriber has: a /48, which
//! RFC 6177 2 leaves to a site although it recommends less, so whoever got a /56 or a /64 shares a count
//! with neighbours of the same provider. What is believed *of* somebody is believed of the least: a /64,
//! one link (RFC 4291 2.5.1), within which a machine changes its address as it likes (RFC 8981).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Bits of an IPv6 address that one subscriber does not choose.
const SITE_BITS: u32 = 48;

/// Bits of an IPv6 address that one link has in common.
const LINK_BITS: u32 = 64;

/// What one subscriber has at most: whatever has shares or counts has them for each of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subscriber(IpAddr);

/// The link that an address is on: who was known there lately may be there still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link(IpAddr);

/// Whom a place counts for: one asker has a share of them and no more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Asker {
    /// Nobody knows who it is, but where they come from.
    At(Subscriber),
    /// Whoever has proven that they are this person or verifier, from wherever they come.
    Known(Arc<str>),
}

impl Asker {
    /// Whoever comes from an address.
    pub fn at(address: IpAddr) -> Self {
        Self::At(Subscriber::of(address))
    }

    /// Whoever has proven that the id is theirs.
    pub fn known(id: &str) -> Self {
        Self::Known(id.into())
    }
}

impl Subscriber {
    /// Whose address it may be.
    pub fn of(address: IpAddr) -> Self {
        Self(leading(address, SITE_BITS))
    }
}

impl Link {
    /// The link of an address.
    pub fn of(address: IpAddr) -> Self {
        Self(leading(address, LINK_BITS))
    }
}

impl fmt::Display for Subscriber {
    /// As an address of IPv4, or a block of IPv6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(block) => write!(f, "{block}/{SITE_BITS}"),
        }
    }
}

/// An IPv6 address with its first `bits` alone; one of IPv4 as it is, however it is written.
fn leading(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let rest = u128::BITS - bits;
            Ipv6Addr::from_bits(address.to_bits() >> rest << rest).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v6_a_subscriber_has_an_address_or_a_48_and_a_link_is_a_64() {
        for (one, other, is_one_subscriber, is_one_link) in [
            ("192.0.2.1", "::ffff:192.0.2.1", true, true),
            ("192.0.2.1", "192.0.2.2", false, false),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true, true),
            ("2001:db8:0:1::1", "2001:db8:0:ffff::1", true, false),
            ("2001:db8:0:1::1", "2001:db8:1:1::1", false, false),
        ] {
            let [one, other] = [one, other].map(|text| text.parse::<IpAddr>().expect("one"));
            assert_eq!(Subscriber::of(one) == Subscriber::of(other), is_one_subscriber, "{other}");
            assert_eq!(Link::of(one) == Link::of(other), is_one_link, "{other}");
        }
        let block = Subscriber::of("2001:db8:0:1::1".parse().expect("one"));
        assert_eq!(block.to_string(), "2001:db8::/48");
    }
}
