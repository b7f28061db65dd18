//! What a card or reader refused or could not do, with a sentence for the window's screen.

use card::CardSlot;
use card::terminal::{CardMasterError, TerminalError};
use domain::rule::Rule;
use ra::readers::ReaderError;

use super::{Fault, Problem};

/// A card's word as a problem.
pub(super) fn of_card(error: &TerminalError) -> Problem {
    let problem = match error {
        TerminalError::Master(CardMasterError::Hindered(hindrance)) => {
            return hindrance.clone().into();
        }
        TerminalError::Connection(_) => Problem::unavailable("the card reader", error),
        TerminalError::Master(CardMasterError::Unavailable(_)) => {
            Problem::unavailable("the CA", error)
        }
        TerminalError::Provider(_) => Problem::broke(error),
        TerminalError::SecretWrong { .. } | TerminalError::SecretBlocked { .. } => {
            Problem::refused("secret", error)
        }
        refusal => Problem::refused("card", refusal),
    };
    problem.in_japanese(card_sentence(error))
}

/// A reader's word as a problem.
pub(super) fn of_reader(error: &ReaderError) -> Problem {
    let (problem, sentence) = match error {
        ReaderError::Refused(rule) => (
            Problem::refused("reader", rule.clone()),
            "指定されたリーダー又はカードは使用できません。",
        ),
        ReaderError::Hindered(hindrance) => return hindrance.clone().into(),
        ReaderError::Keys(_) => (Problem::unavailable("the CA", error), CARD_KEYS),
        ReaderError::Busy(why) => (
            Problem::new(Fault::Unavailable, Rule::from("the card is in use").telling(why)),
            "このカードは別の操作で使用中です。しばらくしてから、もう一度操作してください。",
        ),
        ReaderError::Unavailable(_) => (
            Problem::unavailable("the card reader", error),
            "カードが読み取れません。カードを置き直して、もう一度操作してください。",
        ),
    };
    problem.in_japanese(sentence.to_owned())
}

/// What the CA has of the card's keys does not work now.
const CARD_KEYS: &str =
    "カードの鍵を現在使用できません。しばらくしてから、もう一度操作してください。";

fn card_sentence(error: &TerminalError) -> String {
    let fixed = match error {
        TerminalError::Connection(_) => {
            "カードとの通信が途切れました。カードを置き直して、もう一度操作してください。"
        }
        TerminalError::AnotherMake => "このカードには公的個人認証のアプリケーションがありません。",
        TerminalError::Destroyed => "このカードは廃止されており、使用できません。",
        TerminalError::KeyVersion { .. } => "このカードの鍵は、このシステムでは扱えません。",
        TerminalError::NotAuthentic => {
            "カードが真正なものと確認できません。このカードは使用しないでください。"
        }
        TerminalError::Refused { .. } => {
            "カードが操作を受け付けませんでした。カードの状態を確認してください。"
        }
        TerminalError::SecretWrong { slot, tries_left } => {
            return format!(
                "{}が違います。あと{tries_left}回間違えるとロックされます。",
                secret(*slot)
            );
        }
        TerminalError::SecretBlocked { slot } => {
            return format!("{}がロックされています。窓口で初期化が必要です。", secret(*slot));
        }
        TerminalError::Unsendable(_) => "入力された値はカードに送ることができません。",
        TerminalError::Malformed(_) => "カードの応答が正しくありません。",
        TerminalError::Master(CardMasterError::SetBack) => {
            "カードが以前の状態に戻されています。このカードは使用しないでください。"
        }
        TerminalError::Provider(_) | TerminalError::Master(_) => CARD_KEYS,
    };
    fixed.to_owned()
}

fn secret(slot: CardSlot) -> &'static str {
    match slot {
        CardSlot::Authentication => "利用者証明用の暗証番号",
        CardSlot::Signature => "署名用のパスワード",
    }
}

#[cfg(test)]
mod tests {
    use domain::hindrance::Hindrance;

    use super::*;

    #[test]
    fn c3_a_wrong_secret_is_told_in_japanese_with_the_tries_left() {
        let slot = CardSlot::Authentication;
        let problem = of_card(&TerminalError::SecretWrong { slot, tries_left: 2 });
        assert_eq!(problem.fault, Fault::Refused);
        let sentence = "利用者証明用の暗証番号が違います。あと2回間違えるとロックされます。";
        assert_eq!(problem.japanese.as_deref(), Some(sentence));
    }

    /// Whatever stands in the way is told as itself at every door, and never as the thing next to it.
    #[test]
    fn w1_sleeping_keys_are_no_reader_that_does_not_answer() {
        let asleep = Hindrance::KeysAsleep;
        let doors: [Problem; 4] = [
            of_reader(&ReaderError::Hindered(asleep.clone())),
            of_card(&TerminalError::Master(CardMasterError::Hindered(asleep.clone()))),
            ra::authority::AuthorityError::Hindered(asleep.clone()).into(),
            ca::Error::Keys(keys::KeyError::NotActivated).into(),
        ];
        for problem in doors {
            assert_eq!(problem.fault, Fault::Unavailable);
            assert_eq!(problem.detail, asleep.to_string());
            assert_eq!(problem.japanese.as_deref(), Some(asleep.japanese()));
            assert_eq!(problem.incident, None, "nothing broke");
        }
    }

    /// Nobody puts a card on a reader again because a token is away.
    #[test]
    fn w1_keys_that_cannot_be_used_are_no_reader_that_does_not_answer() {
        let away = || "the token failed at sign".to_owned();
        let doors = [
            of_reader(&ReaderError::Keys(away())),
            of_card(&TerminalError::Master(CardMasterError::Unavailable(away()))),
        ];
        for problem in doors {
            assert_eq!(problem.fault, Fault::Unavailable);
            assert_eq!(problem.japanese.as_deref(), Some(CARD_KEYS));
            assert!(problem.detail.contains("the CA does not answer"), "{}", problem.detail);
        }
    }

    #[test]
    fn w1_a_fault_of_the_machine_is_no_wrong_passphrase() {
        use keys::quorum::QuorumError;
        let fault = QuorumError::Key(keys::KeyError::Provider("deriving"));
        let problem = Problem::from(ca::Error::Quorum(fault));
        assert_eq!(problem.fault, Fault::Unavailable);
        assert!(!problem.is_refusal());
        let wrong = QuorumError::SamePassphrase;
        assert_eq!(Problem::from(ca::Error::Quorum(wrong)).fault, Fault::Refused);
    }
}
