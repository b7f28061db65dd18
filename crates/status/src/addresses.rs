//! How many connections each address has open: no one of them shuts a door for the others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Of all connections of a site, one address gets one in so many.
const SHARE: usize = 4;

/// The open connections of a site, counted by where they come from.
#[derive(Debug, Clone)]
pub struct Addresses {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    each: usize,
}

/// A connection that is counted until it is dropped.
#[derive(Debug)]
pub struct Counted {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Addresses {
    /// For a site of so many connections in all.
    pub fn of(connections: usize) -> Self {
        Self { open: Arc::default(), each: connections.div_ceil(SHARE) }
    }

    /// Counts one more connection from `address`; none if it has its share already.
    pub fn admit(&self, address: IpAddr) -> Option<Counted> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        Some(Counted { open: Arc::clone(&self.open), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = open.entry(self.address) {
            *entry.get_mut() -= 1;
            // Addresses that left are not remembered, or strangers would fill the memory.
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// What counts as one address: of IPv6 the first half, since one subscriber has all of the other
/// (RFC 6177 2).
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gets_a_quarter_and_gets_it_back() {
        for (one, same, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"),
        ] {
            let [one, same, other] = [one, same, other].map(|text| text.parse().expect("one"));
            let addresses = Addresses::of(8);
            let (first, second) = (addresses.admit(one), addresses.admit(same));
            assert!(first.is_some() && second.is_some());
            assert!(addresses.admit(one).is_none() && addresses.admit(same).is_none());
            let third = addresses.admit(other);
            assert!(third.is_some(), "the door is open for others");
            drop(second);
            assert!(addresses.admit(one).is_some(), "counted for as long as it is open");
            drop((first, third));
            assert!(addresses.open.lock().expect("a lock").is_empty(), "and then forgotten");
        }
    }
}
