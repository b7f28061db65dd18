//! What the minutes of a ceremony say, in Japanese, before it is a page: HTML and PDF show the same.

use anyhow::Result;
use ca::ceremony::{KeyFact, Moment, Record, StepFacts, StepRecord};
use domain::ceremony::{Seat, State, Step, StepState};
use domain::hexadecimal::colon_hex;
use domain::id::ActorId;
use domain::validity::civil_time;
use jiff::Timestamp;
use x509::fingerprint::sha256_colon_hex;
use x509::pem;
use x509::read::Certificate;

/// A part of the minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// The heading of it all.
    Title(String),
    /// What must not be overlooked.
    Notice(String),
    /// The heading of a section.
    Section(String),
    /// The heading within a section.
    Part(String),
    /// Names with their values.
    Fields(Vec<(String, String)>),
    /// A sentence.
    Sentence(String),
    /// Lines as they are: certificates, the script.
    Verbatim(String),
    /// A line to sign by hand, for this seat and person.
    Signature(String, String),
}

/// All of the minutes, in order.
///
/// # Errors
/// A certificate of the record that cannot be read.
pub(super) fn content(record: &Record) -> Result<Vec<Block>> {
    let mut blocks = vec![Block::Title(format!("{} 実施記録", record.script.title))];
    if record.rehearsal {
        let notice = "これはリハーサルの記録であり、生成した鍵は使用されない。";
        blocks.push(Block::Notice(notice.to_owned()));
    }
    blocks.push(Block::Section("1 概要".to_owned()));
    blocks.push(Block::Fields(overview(record)));
    blocks.push(Block::Section("2 出席者".to_owned()));
    blocks.push(Block::Fields(people(record)));
    blocks.push(Block::Section("3 手順の実施".to_owned()));
    for (number, step) in (1..).zip(&record.steps) {
        blocks.push(Block::Part(format!("手順{number} {}", step.step.kind().japanese())));
        blocks.push(Block::Fields(step_fields(step)?));
    }
    blocks.push(Block::Section("4 中断".to_owned()));
    blocks.extend(interruptions(record));
    blocks.push(Block::Section("5 署名".to_owned()));
    blocks.extend(signatures(record));
    blocks.push(Block::Section("付録A 証明書".to_owned()));
    blocks.extend(certificates(record)?);
    blocks.push(Block::Section("付録B 手順書".to_owned()));
    blocks.push(Block::Verbatim(record.script_text.clone()));
    Ok(blocks)
}

fn overview(record: &Record) -> Vec<(String, String)> {
    let script = &record.script;
    let custodians = script.named_for(Seat::Custodian).count();
    let positions = match (record.sittings.first(), record.last_sequence()) {
        (Some(first), Some(last)) => format!("{}から{last}まで", first.began.sequence),
        _ => "なし".to_owned(),
    };
    let mut fields = vec![
        field("識別名", &script.id),
        field("場所", &script.place),
        field("予定日", script.planned),
        field("状態", state(record.state)),
        field("開始", record.sittings.first().map_or_else(none, |one| moment(one.began))),
        field("終了", record.ended.map_or_else(none, moment)),
        field("必要な秘密鍵管理者", format!("{custodians}人のうち{}人", script.threshold)),
        field("手順書のSHA-256", colon_hex(&record.script_sha256)),
        field("監査ログの位置", positions),
    ];
    if let Some(reason) = &record.abandoned_because {
        fields.push(field("中止の理由", reason));
    }
    fields
}

/// Everybody who is named, with the sittings at which they were; then the sittings.
fn people(record: &Record) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for seat in Seat::ALL {
        for person in record.script.named_for(seat) {
            let was_there = |sitting: &&(usize, &ca::ceremony::Sitting)| {
                sitting.1.present.iter().any(|one| one.person == *person && one.seat == seat)
            };
            let sittings: Vec<(usize, &ca::ceremony::Sitting)> =
                (1..).zip(&record.sittings).collect();
            let there = sittings.iter().filter(was_there);
            let there: Vec<String> = there.map(|(number, _)| format!("第{number}回")).collect();
            let told = if there.is_empty() { "欠席".to_owned() } else { there.join("、") };
            fields.push((seat.japanese().to_owned(), format!("{person}（出席: {told}）")));
        }
    }
    for (number, sitting) in (1..).zip(&record.sittings) {
        let end = sitting.ended.map_or_else(none, moment);
        fields.push((format!("第{number}回"), format!("{}から {end}まで", moment(sitting.began))));
    }
    fields
}

fn step_fields(record: &StepRecord) -> Result<Vec<(String, String)>> {
    let mut fields = vec![field("手順書の語", record.step.kind())];
    fields.extend(asked(&record.step));
    fields.push(field("結果", step_state(record.state)));
    fields.extend(record.started.iter().map(|started| field("開始", moment(*started))));
    fields.extend(record.done.map(|done| field("終了", moment(done))));
    if let Some(facts) = &record.facts {
        fields.extend(fact_rows(facts)?);
    }
    Ok(fields)
}

fn asked(step: &Step) -> Vec<(String, String)> {
    let japanese = |name: &str| match name {
        "ca" => "認証局",
        "request" => "証明書要求",
        "directory" => "保管先",
        "into" => "復元先",
        "issues_from" => "発行に使用する日時",
        "early" => "期限前に更新する理由",
        "generation" => "世代",
        "gone" => "所定の場所に置けない複製とその事由",
        _ => "その他",
    };
    let fields = step.fields().into_iter().map(|(name, value)| match (name, step) {
        ("issues_from", Step::RenewCaKey { issues_from, .. }) => {
            field(japanese(name), times(*issues_from))
        }
        _ => field(japanese(name), value),
    });
    fields.collect()
}

fn fact_rows(facts: &StepFacts) -> Result<Vec<(String, String)>> {
    let mut fields: Vec<(String, String)> = facts.keys.iter().flat_map(key).collect();
    for der in &facts.certificates {
        fields.extend(certificate(der)?);
    }
    for file in &facts.files {
        fields.push(field("ファイル", &file.path));
        fields.push(field("ファイルのSHA-256", colon_hex(&file.sha256)));
    }
    for medium in &facts.media {
        fields.push(field("媒体", format!("{}（{}）", medium.id, medium.place)));
    }
    fields.extend(facts.statements.iter().map(|statement| field("確認事項", statement)));
    Ok(fields)
}

fn key(key: &KeyFact) -> [(String, String); 2] {
    [
        field("鍵", format!("{}（{}）", key.label, key.algorithm)),
        field("鍵の指紋（SHA-256）", colon_hex(&key.spki_sha256)),
    ]
}

fn certificate(der: &[u8]) -> Result<[(String, String); 4]> {
    let certificate = Certificate::parse(der)?;
    let serial = domain::hexadecimal::hex(&certificate.tbs.serial);
    Ok([
        field("証明書の主体者", &certificate.tbs.subject),
        field("証明書の発行者", &certificate.tbs.issuer),
        field("証明書のシリアル番号", serial),
        field("証明書のSHA-256", sha256_colon_hex(der)),
    ])
}

fn interruptions(record: &Record) -> Vec<Block> {
    if record.interruptions.is_empty() {
        return vec![Block::Sentence("中断はなかった。".to_owned())];
    }
    let mut fields = Vec::new();
    for (number, one) in (1..).zip(&record.interruptions) {
        fields.push((format!("中断{number}"), moment(one.at)));
        fields.push(field("完了していた手順", format!("{}まで", one.steps_done)));
        fields.push(field("理由", &one.reason));
    }
    vec![Block::Fields(fields)]
}

/// A line for everybody who was present at any sitting.
fn signatures(record: &Record) -> Vec<Block> {
    let mut lines = Vec::new();
    for seat in Seat::ALL {
        let was_there = |person: &&ActorId| {
            let mut present = record.sittings.iter().flat_map(|sitting| &sitting.present);
            present.any(|one| one.person == **person && one.seat == seat)
        };
        let line =
            |person: &ActorId| Block::Signature(seat.japanese().to_owned(), person.to_string());
        lines.extend(record.script.named_for(seat).filter(was_there).map(line));
    }
    lines
}

fn certificates(record: &Record) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for (number, step) in (1..).zip(&record.steps) {
        for der in step.facts.iter().flat_map(|facts| &facts.certificates) {
            let subject = Certificate::parse(der)?.tbs.subject;
            blocks.push(Block::Part(format!("手順{number} {subject}")));
            blocks.push(Block::Verbatim(pem::encode(pem::CERTIFICATE, der)?));
        }
    }
    if blocks.is_empty() {
        blocks.push(Block::Sentence("発行した証明書はない。".to_owned()));
    }
    Ok(blocks)
}

fn field(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn none() -> String {
    "なし".to_owned()
}

/// A moment in both times, and its place in the journal.
fn moment(moment: Moment) -> String {
    format!("{} 監査ログ{}", times(moment.at), moment.sequence)
}

/// A time as it is in Japan, and in UTC.
fn times(at: Timestamp) -> String {
    const FORM: &str = "%Y-%m-%d %H:%M:%S";
    format!("{} JST（{} UTC）", civil_time(at).strftime(FORM), at.strftime(FORM))
}

fn state(state: State) -> &'static str {
    match state {
        State::Planned => "未実施",
        State::Running => "実施中",
        State::Interrupted => "中断中",
        State::Completed => "完了",
        State::Abandoned => "中止",
    }
}

fn step_state(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "未実施",
        StepState::Started => "着手（完了していない）",
        StepState::Done => "完了",
    }
}
