//! Reads a card at the window: what is on it, its certificates, and copies of them to hand out.

use card::terminal::CardReport;
use card::{CardSlot, Certificates};
use domain::act::Act;
use domain::era::JapaneseDate;
use domain::id::{CardId, SerialNumber};
use domain::journal::EventKind;
use domain::validity::civil_date;
use jiff::civil::Date;
use store::{Entry, Unit};
use x509::general_name::GeneralName;
use x509::oid::{self, ObjectIdentifier};
use x509::read::Certificate;

use super::super::at_reader::subject;
use super::super::clerk::clerk;
use super::CardService;
use crate::error::{Result, WindowError};
use crate::readers::Wanted;
use crate::record::CardRecord;

/// What was read off a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardReading {
    /// The card, by its own word.
    pub card: CardId,
    /// What it says is on it.
    pub report: CardReport,
    /// What the office knows of it, for the municipality where its holder lives.
    pub record: Option<CardRecord>,
    /// The certificates that could be read.
    pub copies: Vec<CertificateCopy>,
}

/// A certificate off a card, with its copy to print (A 4.4.1.1②, S 4-3-1②).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateCopy {
    /// The slot.
    pub slot: CardSlot,
    /// The serial.
    pub serial: SerialNumber,
    /// The certificates as they are on the card, DER.
    pub certificates: Certificates,
    /// What the copy says, in Japanese.
    pub text: String,
}

impl CardService {
    /// Reads the card on the reader. The signature certificate, which names its holder, comes only
    /// with the password that the holder types.
    ///
    /// # Errors
    /// [`WindowError::NotPermitted`], [`WindowError::Reader`]; [`WindowError::Card`] with the tries
    /// left for a wrong password, journaled.
    pub fn read(&self, act: &Act, wanted: &Wanted, password: Option<&str>) -> Result<CardReading> {
        let mut told = None;
        let result = self.read_unrecorded(act, wanted, password, &mut told);
        self.operations.recording(
            act,
            EventKind::RecordsRead,
            subject(wanted, told.as_ref()).as_part(),
            result,
        )
    }

    fn read_unrecorded(
        &self,
        act: &Act,
        wanted: &Wanted,
        password: Option<&str>,
        told: &mut Option<CardId>,
    ) -> Result<CardReading> {
        let (_, municipality) = clerk(&act.actor)?;
        let at = self.channels.open(act, wanted)?;
        let (card, report) = (at.card.id().clone(), at.report.clone());
        *told = Some(card.clone());
        let record = self.cards.find(&card)?;
        let mut terminal = at.card.close()?;
        let mut copies = Vec::new();
        for slot in CardSlot::ALL {
            let typed = (slot == CardSlot::Signature).then_some(password).flatten();
            let is_open = slot == CardSlot::Authentication || typed.is_some();
            if is_open && report.slot(slot).delivered.is_some() {
                copies.push(copy(slot, terminal.certificates(slot, typed)?)?);
            }
        }
        let mut entry = Entry::new(EventKind::RecordsRead, act).subject(&card);
        for copy in &copies {
            entry = entry.detail("certificate", copy.serial);
        }
        if let Some(record) = &record {
            entry = entry.personal(&record.holder, "card");
        }
        let record = self.cards.office_part(record, municipality)?;
        self.operations.commit(Unit::new(entry))?;
        Ok(CardReading { card, report, record, copies })
    }
}

fn copy(slot: CardSlot, certificates: Certificates) -> Result<CertificateCopy> {
    let certificate = Certificate::parse(&certificates.holder).map_err(unreadable)?;
    let serial = certificate.tbs.serial_number();
    let serial = serial.ok_or_else(|| unreadable("its serial number is none of ours"))?;
    let text = text(slot, &certificate, serial)?;
    Ok(CertificateCopy { slot, serial, certificates, text })
}

/// The copy, in the words that the CPS has for the items of a certificate (S 4-2-2, A 7.1).
fn text(slot: CardSlot, certificate: &Certificate, serial: SerialNumber) -> Result<String> {
    let title = match slot {
        CardSlot::Authentication => "利用者証明用電子証明書の写し",
        CardSlot::Signature => "署名用電子証明書の写し",
    };
    let validity = &certificate.tbs.validity;
    let mut lines = vec![
        title.to_owned(),
        String::new(),
        format!("発行番号　　　　　　　{serial}"),
        format!("発行年月日　　　　　　{}", JapaneseDate(civil_date(validity.not_before))),
        format!("有効期間の満了する日　{}", JapaneseDate(civil_date(validity.not_after))),
    ];
    for name in certificate.tbs.subject_alt_names().map_err(unreadable)? {
        if let GeneralName::OtherName { oid, value } = name {
            lines.extend(attribute(oid, &value));
        }
    }
    Ok(lines.join("\n"))
}

/// A line for each of the four basic attributes; the flags of substitutes are for machines.
fn attribute(oid: ObjectIdentifier, value: &str) -> Option<String> {
    if oid == oid::JPKI_NAME {
        Some(format!("氏名　　　　　　　　　{value}"))
    } else if oid == oid::JPKI_DATE_OF_BIRTH {
        // One digit of era, then the date; a birth date that is not known to the day stays as it is.
        let date = value.get(1..).and_then(|digits| Date::strptime("%Y%m%d", digits).ok());
        let date = date.map_or_else(|| value.to_owned(), |date| JapaneseDate(date).to_string());
        Some(format!("生年月日　　　　　　　{date}"))
    } else if oid == oid::JPKI_GENDER {
        let gender = match value {
            "1" => "男",
            "2" => "女",
            _ => "不明",
        };
        Some(format!("性別　　　　　　　　　{gender}"))
    } else if oid == oid::JPKI_ADDRESS {
        Some(format!("住所　　　　　　　　　{value}"))
    } else {
        None
    }
}

fn unreadable(problem: impl ToString) -> WindowError {
    WindowError::Unreadable { what: "a certificate on the card", problem: problem.to_string() }
}
