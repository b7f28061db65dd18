//! Answers as people see them.

use serde_json::json;

use super::*;

/// Once a revoked certificate had its time where a good one has its partition, and nothing had a heading.
#[test]
fn a_column_stays_in_its_place_whatever_state_its_row_is_in() {
    let row = |serial: &str, state: &str, since: Value, reason: Value| {
        json!({
            "ca": "jpki-auth", "generation": 1, "serial": serial, "kind": "user", "state": state,
            "since": since, "reason": reason, "partition": "11100", "subject": "CN=1",
            "not_before": "2026-11-29T15:00:00Z", "not_after": "2031-11-30T14:59:59Z",
            "holder": "10000000001", "application": null, "sha256": null, "certificate_pem": null,
        })
    };
    let page = json!({
        "certificates": [
            row("0a", "good", json!(null), json!(null)),
            row("0b", "revoked", json!("2026-11-30T10:40:05.123456Z"), json!("superseded")),
        ],
        "next": 7,
    });
    insta::assert_snapshot!(whole(&page));
}

#[test]
fn an_object_is_lines_of_name_and_value_and_its_lists_stand_below() {
    let body = json!({
        "id": "jpki-auth", "test": false, "created_at": "2026-11-30T18:40:05Z", "alias": null,
        "policy_sha256": "0f".repeat(32), "request_pem": "-----BEGIN\nMII\n-----END\n",
        "proposal": { "kind": "roles", "roles": ["examiner", "approver"] }, "roles": [],
        "receipt": "一行\n二行\n", "doubts": ["the name differs", "so does the address"],
        "steps": [
            { "step": "receive", "by": "田中　一郎", "documents": ["旅券", "住民票"] },
            { "step": "examine", "text": "", "by": "examiner-1" },
        ],
        "findings": [],
    });
    insta::assert_snapshot!(whole(&body));
}

#[test]
fn rows_that_hold_lists_show_them_below_by_their_name() {
    let body = json!({ "authorities": [
        { "id": "a", "test": true, "generations": [{ "number": 1, "certificate_pem": "x" }] },
        { "id": "b", "test": false, "generations": [] },
    ] });
    insta::assert_snapshot!(whole(&body));
}

/// A list of applications once had the passport number of every applicant below it.
#[test]
fn a_list_whose_columns_are_chosen_shows_no_documents() {
    let page = json!({ "applications": [{
        "id": "ap-1", "window": "11100", "state": "verified",
        "checks": [{ "kind": "photo-document", "name": "旅券", "number": "TR1234567" }],
    }] });
    let told = whole(&page);
    assert!(told.contains("ap-1") && !told.contains("TR1234567"), "{told}");
}

#[test]
fn a_text_is_turned_around_by_nothing_in_it_and_keeps_its_variants() {
    let typed = "ap-1\u{202e}3-pa\u{200b} 葛\u{e0100}城";
    assert_eq!(visible(typed), "ap-1\\u{202e}3-pa\\u{200b} 葛\u{e0100}城");
}

#[test]
fn a_list_without_rows_says_so() {
    assert_eq!(whole(&json!({ "certificates": [], "next": null })), "no certificates");
    assert_eq!(whole(&json!(["a", "b"])), "a\nb");
}

#[test]
fn nothing_that_was_typed_moves_the_cursor() {
    let body = json!({ "name": "a\u{1b}[2Jb", "rows": [{ "note": "c\r\nd" }] });
    let text = whole(&body);
    assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
    assert!(text.contains("c\\r\\nd"), "{text:?}");
}
