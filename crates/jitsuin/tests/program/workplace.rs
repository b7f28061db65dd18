//! An installation of a test's own, worked with through the command line alone.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Output, run};

use crate::beside_server::soon;
use crate::demo::{PROGRAM, copy_prepared};

/// The municipality of the windows here, and of all residents.
pub(crate) const KAWAGUCHI: &str = "11203";

/// A clerk at the window.
pub(crate) const CLERK: [&str; 2] = ["--as", "data/handed-out/clerk-1.token"];

/// An agent on the phone.
pub(crate) const PHONE: [&str; 2] = ["--as", "data/handed-out/agent-1.token"];

/// The staff of the CA: a senior operator.
pub(crate) const STAFF: [&str; 2] = ["--as", "data/handed-out/operator-1.token"];

/// Another senior operator.
pub(crate) const OPERATOR_2: [&str; 2] = ["--as", "data/handed-out/operator-2.token"];

/// The intake clerk of requests for servers' certificates.
pub(crate) const INTAKE: [&str; 2] = ["--as", "data/handed-out/intake-1.token"];

/// Who examines them.
const EXAMINER: [&str; 2] = ["--as", "data/handed-out/examiner-1.token"];

/// Who approves the examination.
const APPROVER: [&str; 2] = ["--as", "data/handed-out/approver-1.token"];

/// The CA manager.
pub(crate) const MANAGER: [&str; 2] = ["--as", "data/handed-out/manager-1.token"];

/// The internal auditor.
pub(crate) const AUDITOR: [&str; 2] = ["--as", "data/handed-out/auditor-1.token"];

/// Who works there beside the first two: id, role, and whether it is at the window.
const PEOPLE: [(&str, &str, bool); 7] = [
    ("intake-1", "intake-clerk", false),
    ("examiner-1", "examiner", false),
    ("approver-1", "approver", false),
    ("operator-2", "senior-operator", false),
    ("auditor-1", "internal-auditor", false),
    ("agent-1", "call-centre-agent", false),
    ("clerk-1", "window-clerk", true),
];

/// The custodians of the keys, any two of whom activate them.
pub(crate) const CUSTODIANS: [&str; 3] = ["custodian-1", "custodian-2", "custodian-3"];

/// An installation with invented residents; nothing runs but the command that is called.
pub(crate) struct Workplace {
    scratch: TempDir,
    server: Option<Server>,
}

/// The server of a workplace; it ends with it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Workplace {
    /// A copy of one that was set up once for this build, by the same commands as any.
    pub(crate) fn new() -> Self {
        let place = Self { scratch: TempDir::new().unwrap(), server: None };
        copy_prepared("workplace", place.path(), set_up);
        place
    }

    /// A directory where nothing was set up, with the custodians' passphrases beside it.
    pub(crate) fn empty() -> Self {
        let place = Self { scratch: TempDir::new().unwrap(), server: None };
        write_passphrases(place.path());
        place
    }

    /// Sets up what is not set up yet, with all custodians present.
    pub(crate) fn init(&self) {
        let all = present(&CUSTODIANS);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.answer(&[], &[&all, &["init", "--to-try-out"][..]].concat());
    }

    /// The same, and no CA gets a key yet.
    pub(crate) fn init_awaiting_a_ceremony(&self) {
        let all = present(&CUSTODIANS);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.answer(&[], &[&all, &["init", "--to-try-out", "--await-ceremony"][..]].concat());
    }

    /// Registers everybody who works here.
    pub(crate) fn enrol(&self) {
        enrol(self.path());
    }

    pub(crate) fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Starts the server, with the custodians who wake the keys; whoever comes later finds them awake.
    pub(crate) fn serve(&mut self) {
        // At ports that the system chooses.
        let file = self.path().join("jitsuin.toml");
        let config = fs::read_to_string(&file).unwrap();
        let chosen = config.lines().map(|line| match line.split_once(" = \"127.0.0.1:") {
            Some((service, _)) => format!("{service} = \"127.0.0.1:0\"\n"),
            None => format!("{line}\n"),
        });
        fs::write(&file, chosen.collect::<String>()).unwrap();
        let log = File::create(self.path().join("serve.log")).unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(present(&CUSTODIANS[..2])).arg("serve").current_dir(self.path());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.server = Some(Server(command.spawn().unwrap()));
        soon(|| {
            let said = fs::read_to_string(self.path().join("serve.log")).unwrap();
            if said.contains("holders' page") { Ok(()) } else { Err(said) }
        });
    }

    /// Stops the server in good order.
    pub(crate) fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        let id = server.0.id().to_string();
        assert!(run(self.path(), "kill", &["-TERM", &id]).success);
        assert!(server.0.wait().unwrap().success());
    }

    /// Runs a command as somebody.
    pub(crate) fn run(&self, who: &[&str], command: &[&str]) -> Output {
        let come = self.server.is_none() && needs_keys(command);
        let custodians = if come { present(&CUSTODIANS[..2]) } else { Vec::new() };
        let custodians: Vec<&str> = custodians.iter().map(String::as_str).collect();
        self.run_as_is(who, &[&custodians, command].concat())
    }

    /// Runs a command as somebody, without custodians who come for it.
    pub(crate) fn run_as_is(&self, who: &[&str], command: &[&str]) -> Output {
        run(self.path(), PROGRAM, &[&["--json"], who, command].concat())
    }

    /// Runs a command that must be carried out; returns its answer.
    pub(crate) fn answer(&self, who: &[&str], command: &[&str]) -> Value {
        let said = self.run(who, command);
        assert_eq!(said.status, Some(0), "{command:?}: {}", said.text);
        serde_json::from_slice(&said.stdout).unwrap_or_else(|e| panic!("{e}: {}", said.text))
    }

    /// Has `approver` approve a command under the id `operation`, and whoever `asks` carry it out.
    pub(crate) fn together(
        &self,
        operation: &str,
        (asks, approver): (&[&str], &[&str]),
        command: &[&str],
    ) -> Output {
        let approved = self.run_as_is(approver, &[command, &["--approves", operation]].concat());
        if !approved.success {
            return approved;
        }
        let name = approver[1].rsplit('/').next().unwrap().trim_end_matches(".token");
        let by = ["--operation", operation, "--approver", name];
        self.run(asks, &[command, &by].concat())
    }

    /// Runs a command that must be refused in one line, which is an object as its answer would be; returns
    /// what it says.
    pub(crate) fn refusal(&self, who: &[&str], command: &[&str]) -> String {
        let said = self.run(who, command);
        assert_eq!(said.status, Some(1), "{command:?}: {}", said.text);
        assert_eq!(said.text.lines().count(), 1, "{command:?}: {}", said.text);
        let told: Value = serde_json::from_str(&said.text)
            .unwrap_or_else(|error| panic!("{command:?}: {error}: {}", said.text));
        told["detail"].as_str().expect("a detail").to_owned()
    }

    /// Writes a value into a file for a command to read.
    pub(crate) fn write(&self, name: &str, value: &Value) {
        fs::write(self.path().join(name), value.to_string()).unwrap();
    }

    /// The records of residents who need no substitutes: born here, in common characters.
    pub(crate) fn residents(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path().join("data/register/residents.jsonl")).unwrap();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let is_plain =
            |text: &Value| !text.as_str().unwrap().contains(['髙', '﨑', '𠮷', '德', '瀨']);
        all.filter(|one| one["is_foreign"] == false && one["birth_date"].as_str() < Some("2000"))
            .filter(|one| is_plain(&one["family_name"]) && is_plain(&one["given_name"]))
            .collect()
    }

    /// Takes an application in, and has the resident's evidence ready; returns its id.
    pub(crate) fn received(&self, resident: &Value, more: &Value) -> String {
        self.write("form.json", &form(resident, more));
        let received = self.answer(&CLERK, &["apply", "receive", "form.json"]);
        assert_eq!(received["state"], "received");
        let shown = json!({ "items": [
            { "evidence": "photo-document", "document": "旅券", "number": "TR1234567" }
        ] });
        self.write("evidence.json", &shown);
        received["id"].as_str().unwrap().to_owned()
    }

    /// Takes an application in and records the identity check; returns its id.
    pub(crate) fn verified(&self, resident: &Value, more: &Value) -> String {
        let id = self.received(resident, more);
        let verified = self.answer(&CLERK, &["apply", "verify", &id, "evidence.json"]);
        assert_eq!(verified["state"], "verified", "{verified}");
        id
    }

    /// From the form to the delivered card; returns the completed application.
    pub(crate) fn delivered(&self, resident: &Value, more: &Value, secret: &str) -> Value {
        let id = self.verified(resident, more);
        assert_eq!(self.answer(&CLERK, &["apply", "issue", &id])["state"], "issued");
        fs::write(self.path().join("secret"), secret).unwrap();
        let deliver = ["apply", "deliver", &id, "--secret", "secret"];
        let delivered = self.answer(&CLERK, &deliver);
        assert_eq!(delivered["state"], "completed");
        delivered
    }

    /// The command that takes in a request of the staff, told as `more` says.
    pub(crate) fn intake<'a>(&self, more: &[&'a str]) -> Vec<&'a str> {
        let of = ["request", "receive", "jpki-auth", "--applicant", "情報システム課　試験担当"];
        [&of[..], &["--document", "申請書"], more].concat()
    }

    /// Leads a request of the staff up to the first senior operator's release; returns its id.
    pub(crate) fn released(&self, more: &[&str]) -> String {
        let received = self.answer(&INTAKE, &self.intake(more));
        let id = received["id"].as_str().unwrap().to_owned();
        let findings = ["request", "examine", &id, "--findings", "the applicant is entitled"];
        assert_eq!(self.answer(&EXAMINER, &findings)["state"], "examined");
        self.answer(&APPROVER, &["request", "approve", &id]);
        assert_eq!(self.answer(&STAFF, &["request", "release", &id])["state"], "released");
        id
    }

    /// Leads a request for a certificate through every hand; returns it with the certificate.
    pub(crate) fn issued(&self, more: &[&str]) -> Value {
        let id = self.released(more);
        self.answer(&OPERATOR_2, &["request", "issue", &id])
    }

    /// The state of a certificate.
    pub(crate) fn state(&self, ca: &str, serial: &str) -> String {
        let shown = self.answer(&STAFF, &["cert", "show", ca, serial]);
        shown["state"].as_str().unwrap().to_owned()
    }
}

/// The options that say which custodians are present.
pub(crate) fn present(custodians: &[&str]) -> Vec<String> {
    custodians.iter().map(|id| format!("--custodian={id}={id}.passphrase")).collect()
}

/// Whether a command has a CA's key sign, or a card's keys derived: the custodians come for those
/// alone.
fn needs_keys(command: &[&str]) -> bool {
    matches!(
        command,
        ["apply" | "request", "issue", ..]
            | ["apply", "deliver" | "discard" | "refuse" | "withdraw", ..]
            | [
                "card",
                "make" | "read" | "change-secret" | "reset-secret" | "erase" | "reconcile",
                ..
            ]
            | ["crl", "publish", ..]
    )
}

/// The form for a resident as the register knows them.
pub(crate) fn form(resident: &Value, more: &Value) -> Value {
    let today = jiff::Timestamp::now().in_tz("Asia/Tokyo").unwrap().date().to_string();
    let mut form = json!({
        "municipality": KAWAGUCHI, "window": "1", "date": today, "resident": resident["code"],
    });
    let fields = form.as_object_mut().unwrap();
    for field in ["family_name", "given_name", "reading", "address", "birth_date", "gender"] {
        fields.insert(field.to_owned(), resident[field].clone());
    }
    fields.extend(more.as_object().unwrap().clone());
    form
}

/// Sets an installation up in an empty directory: everybody comes in as real people do.
fn set_up(directory: &Path) {
    write_passphrases(directory);
    let command = |arguments: &[&str]| {
        let said = run(directory, PROGRAM, arguments);
        assert!(said.success, "{arguments:?}: {}", said.text);
    };
    let all = present(&CUSTODIANS);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    command(&[&all, &["init", "--to-try-out"][..]].concat());
    enrol(directory);
    let of = ["register", "generate", "--count", "60", "--municipality", KAWAGUCHI];
    command(&[&STAFF[..], &of, &["--seed", "7"]].concat());
}

/// Everybody comes in, the first two first.
fn enrol(directory: &Path) {
    let command = |arguments: &[&str]| {
        let said = run(directory, PROGRAM, arguments);
        assert!(said.success, "{arguments:?}: {}", said.text);
    };
    for id in ["manager-1", "operator-1"] {
        command(&["--as", &format!("data/handed-out/{id}.enrolment"), "staff", "token"]);
    }
    for (id, role, is_municipal) in PEOPLE {
        let of = ["staff", "propose", id, "--name", id, "--role", role];
        let at: &[&str] = if is_municipal { &["--municipality", KAWAGUCHI] } else { &[] };
        command(&[&STAFF[..], &of, at].concat());
        command(&[&MANAGER[..], &["staff", "confirm", id]].concat());
        command(&["--as", &format!("data/handed-out/{id}.enrolment"), "staff", "token"]);
    }
}

fn write_passphrases(directory: &Path) {
    for custodian in CUSTODIANS {
        let passphrase = format!("known to {custodian} and nobody else");
        fs::write(directory.join(format!("{custodian}.passphrase")), passphrase).unwrap();
    }
}
