//! curl, asking the API.

use serde_json::Value;
use testkit::run;

use super::world::World;

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proof<'a> {
    /// With nothing.
    Nothing,
    /// With a bearer token.
    Token(&'a str),
    /// With the client certificate in `<name>.pem` and its key.
    Certificate(&'a str),
}

/// What the API answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The JSON of an answer with this status.
    pub(super) fn expect(self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        assert_eq!(self.status, status, "{text}");
        self.json()
    }

    /// The problem of an answer with this status, which has all that RFC 9457 wants.
    pub(super) fn problem(self, status: u16) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.expect(status);
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }
}

impl World {
    pub(super) fn get(&self, who: &str, path: &str) -> Reply {
        self.ask(Proof::Token(who), "GET", path, None, &[])
    }

    pub(super) fn post(&self, who: &str, path: &str, body: &Value) -> Reply {
        let body = body.to_string();
        self.ask(Proof::Token(who), "POST", path, Some(body.as_bytes()), &[])
    }

    /// Asks with curl; `more` are further arguments.
    pub(super) fn ask(
        &self,
        proof: Proof<'_>,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
        more: &[&str],
    ) -> Reply {
        self.ask_at(self.address.port(), proof, (method, path), body, more)
    }

    /// Asks the site at `port`.
    pub(super) fn ask_at(
        &self,
        port: u16,
        proof: Proof<'_>,
        (method, path): (&str, &str),
        body: Option<&[u8]>,
        more: &[&str],
    ) -> Reply {
        let url = format!("https://localhost:{port}{path}");
        let place = format!("localhost:{port}:127.0.0.1");
        let mut arguments: Vec<String> =
            ["-sS", "-i", "--cacert", "ca.pem", "--resolve", &place, "-X", method, &url]
                .map(str::to_owned)
                .to_vec();
        match proof {
            Proof::Nothing => {}
            Proof::Token(token) => {
                arguments.extend(["-H".to_owned(), format!("Authorization: Bearer {token}")]);
            }
            Proof::Certificate(name) => arguments.extend(
                ["--cert", &format!("{name}.pem"), "--key", &format!("{name}.key")]
                    .map(str::to_owned),
            ),
        }
        if let Some(body) = body {
            self.scratch.write("body", body);
            arguments.extend(["--data-binary", "@body"].map(str::to_owned));
            if !more.iter().any(|argument| argument.starts_with("Content-Type")) {
                arguments.extend(["-H", "Content-Type: application/json"].map(str::to_owned));
            }
        }
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(self.scratch.path(), "curl", &arguments);
        assert!(output.success, "{method} {path}: {}", output.text);
        parse(&output.stdout)
    }
}

fn parse(output: &[u8]) -> Reply {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").expect("an end of the head");
    let head = String::from_utf8(output[..end].to_vec()).expect("a head of ASCII");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Reply { status: status.expect("a status"), head, body: output[end + 4..].to_vec() }
}
