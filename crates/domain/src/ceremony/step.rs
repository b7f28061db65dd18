//! What a ceremony can do: a closed set of steps, each with exactly its own fields.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::id::CaId;
use crate::named::named;

named! {
    /// The kind of a step, by the word that a script uses for it.
    StepKind {
        /// A CA's first key pair is made (A 6.1.1.1, S 6-1-1).
        GenerateCaKey = "generate-ca-key",
        /// The CA certifies its own key.
        SelfSign = "self-sign",
        /// The OCSP responder gets its key and certificate.
        ResponderCertificate = "responder-certificate",
        /// A server gets a certificate.
        TlsCertificate = "tls-certificate",
        /// The CA's keys are written out, wrapped under a key of the custodians (A 6.2.4).
        Backup = "backup",
        /// Keys come back from a backup, into a store that does not have them (A 6.2.4).
        Restore = "restore",
        /// A CA gets its next key generation, with both link certificates (A 5.6, S 4-9).
        RenewCaKey = "renew-ca-key",
        /// A key of a CA is destroyed for good (A 6.2.10, S 6-2-1-8).
        DestroyCaKey = "destroy-ca-key",
    }
}

impl StepKind {
    /// Whether the step may be carried out again when it was started and nobody knows how far it
    /// came. Whoever carries it out recognises the repetition by the operation's id.
    pub fn repeatable(self) -> bool {
        match self {
            // A key under the label, or a certificate for the key, is found and not made again.
            Self::GenerateCaKey
            | Self::SelfSign
            | Self::ResponderCertificate
            | Self::TlsCertificate
            | Self::RenewCaKey => true,
            // The same keys are wrapped again, or found where they were restored to.
            Self::Backup | Self::Restore => true,
            // What is gone stays gone.
            Self::DestroyCaKey => true,
        }
    }

    /// The name of the step in the minutes.
    pub fn japanese(self) -> &'static str {
        match self {
            Self::GenerateCaKey => "認証局鍵ペアの生成",
            Self::SelfSign => "自己署名証明書の発行",
            Self::ResponderCertificate => "OCSPレスポンダ証明書の発行",
            Self::TlsCertificate => "サーバ証明書の発行",
            Self::Backup => "認証局秘密鍵のバックアップ",
            Self::Restore => "認証局秘密鍵の復元",
            Self::RenewCaKey => "認証局鍵ペアの更新",
            Self::DestroyCaKey => "認証局秘密鍵の破棄",
        }
    }
}

/// One step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A CA's first key pair is made.
    GenerateCaKey {
        /// The CA.
        ca: CaId,
    },
    /// The CA certifies its own key.
    SelfSign {
        /// The CA.
        ca: CaId,
    },
    /// The responder of the CA's newest generation gets its key and certificate.
    ResponderCertificate {
        /// The CA.
        ca: CaId,
    },
    /// A server gets a certificate.
    TlsCertificate {
        /// The CA that issues.
        ca: CaId,
        /// The file of the PKCS#10 request.
        request: String,
    },
    /// The CA keys are written out, wrapped.
    Backup {
        /// The directory they go to, usually on a medium of its own.
        directory: String,
    },
    /// The keys of a backup come back, and each proves itself by signing.
    Restore {
        /// The directory of the backup.
        directory: String,
        /// Where they come back to.
        into: RestoreTarget,
    },
    /// A CA gets its next key generation.
    RenewCaKey {
        /// The CA.
        ca: CaId,
        /// From when on the new key issues.
        issues_from: Timestamp,
        /// Why it comes before its time, if it does (A 6.3.2.1, S 6-3-1-2).
        early: Option<String>,
    },
    /// A key is destroyed.
    DestroyCaKey {
        /// The CA.
        ca: CaId,
        /// The generation, from 1.
        generation: u32,
        /// The media and stores with copies of the key that cannot be brought, because they were
        /// destroyed by themselves or lost: each with what became of it (A 6.2.10.1, S 6-2-1-9).
        gone: BTreeMap<String, String>,
    },
}

/// Where a backup is restored to: always a store that does not have the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreTarget {
    /// A fresh store that is destroyed once every key has proved itself: a trial of the backup.
    Throwaway,
    /// A fresh store of this name, which stays: the token's label or the store's directory.
    Named(String),
}

impl fmt::Display for RestoreTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throwaway => "throwaway",
            Self::Named(name) => name,
        })
    }
}

impl Step {
    /// Its kind.
    pub fn kind(&self) -> StepKind {
        match self {
            Self::GenerateCaKey { .. } => StepKind::GenerateCaKey,
            Self::SelfSign { .. } => StepKind::SelfSign,
            Self::ResponderCertificate { .. } => StepKind::ResponderCertificate,
            Self::TlsCertificate { .. } => StepKind::TlsCertificate,
            Self::Backup { .. } => StepKind::Backup,
            Self::Restore { .. } => StepKind::Restore,
            Self::RenewCaKey { .. } => StepKind::RenewCaKey,
            Self::DestroyCaKey { .. } => StepKind::DestroyCaKey,
        }
    }

    /// The CA it is about, if it is about one.
    pub fn ca(&self) -> Option<&CaId> {
        match self {
            Self::GenerateCaKey { ca }
            | Self::SelfSign { ca }
            | Self::ResponderCertificate { ca }
            | Self::TlsCertificate { ca, .. }
            | Self::RenewCaKey { ca, .. }
            | Self::DestroyCaKey { ca, .. } => Some(ca),
            Self::Backup { .. } | Self::Restore { .. } => None,
        }
    }

    /// Its fields as the script names them, in order.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let ca = self.ca().map(|ca| ("ca", ca.to_string()));
        let further: Vec<(&'static str, String)> = match self {
            Self::GenerateCaKey { .. }
            | Self::SelfSign { .. }
            | Self::ResponderCertificate { .. } => Vec::new(),
            Self::TlsCertificate { request, .. } => vec![("request", request.clone())],
            Self::Backup { directory } => vec![("directory", directory.clone())],
            Self::Restore { directory, into } => {
                vec![("directory", directory.clone()), ("into", into.to_string())]
            }
            Self::RenewCaKey { issues_from, early, .. } => {
                let early = early.iter().map(|reason| ("early", reason.clone()));
                std::iter::once(("issues_from", issues_from.to_string())).chain(early).collect()
            }
            Self::DestroyCaKey { generation, gone, .. } => {
                let gone = gone.iter().map(|(place, told)| ("gone", format!("{place}: {told}")));
                std::iter::once(("generation", generation.to_string())).chain(gone).collect()
            }
        };
        ca.into_iter().chain(further).collect()
    }
}
