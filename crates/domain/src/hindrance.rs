//! Why something is not done now: neither a refusal, which is the asker's, nor a fault, which is ours.

use crate::rule::{Closed, Rule};

/// A state that passes or that people end; nothing was carried out, and asking again is right.
///
/// Whoever meets it hands it on as it is, so that it is told in the same words at every door and
/// nobody takes the nearest thing for the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Hindrance {
    /// The CAs' keys, and those of the cards with them, sleep until enough custodians come (A 6.2.8).
    #[error("the keys are not activated; enough custodians have to come first")]
    KeysAsleep,
    /// Nothing is signed while the clock is not believed (A 6.8); why.
    #[error("signing is stopped: {0}")]
    Clock(String),
    /// What a cut left is being settled; what.
    #[error("{0}")]
    Settling(String),
    /// The CA issues nothing under a compromised key (A 5.7.3, S 4-14-2); what.
    #[error("{0}")]
    Stopped(String),
    /// Something was found for which the database is not believed; what.
    #[error("{0}")]
    InDoubt(String),
}

impl Hindrance {
    /// The same for a window's screen.
    #[must_use]
    pub fn japanese(&self) -> &'static str {
        match self {
            Self::KeysAsleep => {
                "認証局の鍵が使用できません。鍵管理者による活性化が必要です。運用担当者に連絡してください。"
            }
            Self::Clock(_) => {
                "時刻が確認できないため、認証局は署名を停止しています。運用担当者に連絡してください。"
            }
            Self::Settling(_) => {
                "中断された処理を確認しています。しばらくしてから、もう一度操作してください。"
            }
            Self::Stopped(_) => {
                "認証局は現在、証明書を発行していません。運用担当者に連絡してください。"
            }
            Self::InDoubt(_) => {
                "データベースの内容が監査ログと一致しないため、すべての処理を停止しています。\
                 運用担当者に連絡してください。"
            }
        }
    }
}

/// Why and what is told to whoever asks alone.
impl Closed for Hindrance {
    fn words(&self) -> Rule {
        let rule = Rule::from(match self {
            Self::KeysAsleep => "the keys are not activated",
            Self::Clock(_) => "signing is stopped",
            Self::Settling(_) => "what a cut left is being settled",
            Self::Stopped(_) => "nothing is issued under a compromised key",
            Self::InDoubt(_) => "the database is in doubt",
        });
        rule.told_as(self)
    }
}
