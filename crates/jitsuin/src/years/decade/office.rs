//! The people at work: what is kept up at each stop, and a week of applications, losses and moves.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ca::{Renewal, find_or_generate};
use domain::resident::Resident;
use jiff::SignedDuration;
use store::journal::run_sealer;
use store::reads::ReadVerifiers;
use web::desk::register::{RecordAddress, RecordDeath};

use super::model::{Known, Model, Stand};
use crate::demo::{
    AUTH, CALL_CENTRE, OPERATOR, SIGN, Staff, Town, apply_register_events, clerk, publish_all,
};
use crate::own_tls::Word;
use crate::seal::SealLock;
use crate::serve::responder_configs;
use crate::system::System;
use crate::years::place::Place;

const MUNICIPALITY: &str = "11203";

/// The two who register all others.
const PEOPLE: [&str; 2] = ["operator-1", "manager-1"];

pub(super) fn set_up(place: &Place) {
    place.answer(3, "", &["init", "--to-try-out"]);
    for id in PEOPLE {
        place.answer(0, &format!("{id}.enrolment"), &["staff", "token", "--days", "366"]);
    }
    let of = ["register", "generate", "--count", "400", "--seed", "7"];
    place.answer(0, "operator-1.token", &[&of[..], &["--municipality", MUNICIPALITY]].concat());
    let clerk = clerk(MUNICIPALITY);
    let of_window = ["--role", "window-clerk", "--municipality", MUNICIPALITY];
    let of_phone = ["--role", "call-centre-agent"];
    for (id, more) in [(clerk.as_str(), &of_window[..]), (CALL_CENTRE, &of_phone)] {
        let proposal = ["staff", "propose", id, "--name", id];
        place.answer(0, "operator-1.token", &[&proposal, more].concat());
        place.answer(0, "manager-1.token", &["staff", "confirm", id]);
        place.answer(0, &format!("{id}.enrolment"), &["staff", "token", "--days", "366"]);
    }
}

/// The office at one stop, with its keys awake and its journal sealed, as where a server runs.
pub(super) struct Office<'a> {
    place: &'a Place,
    pub(super) system: Arc<System>,
    _sealing: Sealing,
}

/// What a server does beside its work until this is dropped: it seals, and tells commands how it is.
struct Sealing(Vec<(Sender<()>, JoinHandle<()>)>);

impl Sealing {
    fn begin(system: &Arc<System>) -> Self {
        let seal = SealLock::wait(system).expect("the right to seal");
        let sealing = beside(system, move |system, stopped| {
            let SealLock { signer, sinks, .. } = &seal;
            let (sinks, often) = (sinks.clone(), Duration::from_millis(50));
            run_sealer(&*system.store, signer, sinks, stopped, often, system.clock.as_ref());
        });
        let telling = beside(system, |system, stopped| {
            let waits = || stopped.recv_timeout(Duration::from_secs(1));
            while waits() == Err(RecvTimeoutError::Timeout) {
                system.keep_health().expect("the word to commands");
            }
        });
        Self(vec![sealing, telling])
    }
}

fn beside(
    system: &Arc<System>,
    work: impl FnOnce(&System, &Receiver<()>) + Send + 'static,
) -> (Sender<()>, JoinHandle<()>) {
    let (system, (stop, stopped)) = (system.clone(), channel());
    (stop, std::thread::spawn(move || work(&system, &stopped)))
}

impl Drop for Sealing {
    fn drop(&mut self) {
        for (stop, thread) in self.0.drain(..) {
            drop(stop);
            thread.join().expect("it stops in good order");
        }
    }
}

impl<'a> Office<'a> {
    pub(super) fn open(place: &'a Place) -> Self {
        let system = place.open(2);
        Self { place, _sealing: Sealing::begin(&system), system }
    }

    /// What the program keeps up by itself, and what people do when they are told of an end.
    pub(super) fn keep(&self, model: &mut Model) {
        model.stops += 1;
        let system = &self.system;
        system.settle_left_open(system.hold.owned().expect("the owner")).expect("settled");
        let told =
            || system.desk_without_windows().deadlines().endings(system.now()).expect("what ends");
        // First of all: a key whose use has ended certifies nobody, the server neither.
        for ending in told().iter().filter(|ending| ending.kind == "ca-key") {
            self.renew_key(&ending.ca, model);
        }
        self.renew_own(model);
        // Those at the windows and the phone come more often than once a year.
        for id in [&clerk(MUNICIPALITY), CALL_CENTRE] {
            self.place.answer(0, &format!("{id}.token"), &["staff", "token", "--days", "366"]);
        }
        let now = system.now();
        for ending in told() {
            match ending.kind {
                // Within the hour it ends while they come.
                "way-in" => {
                    let has_ended = ending.ends < now + SignedDuration::from_hours(1);
                    self.let_in(&ending.subject, has_ended, model);
                }
                "verifier-certificate" => self.another_verifier(&ending.subject),
                kind => panic!("{kind} was to be renewed by itself: {ending:?}"),
            }
        }
    }

    /// What the program renews by itself in every turn of its cycle.
    fn renew_own(&self, model: &mut Model) {
        let system = &self.system;
        model.renewed_tls += usize::from(system.keep_tls(&Word::Own).expect("a TLS certificate"));
        responder_configs(system);
    }

    /// A new token while the old one lets them in, or by the custodians.
    fn let_in(&self, role: &str, has_ended: bool, model: &mut Model) {
        // The manager is forgetful: every other token of theirs ends before anybody looks.
        let (id, days) = match role {
            "ca-manager" if model.stops.is_multiple_of(2) => ("manager-1", "90"),
            "ca-manager" => ("manager-1", "366"),
            _ => ("operator-1", "366"),
        };
        let token = ["staff", "token", "--days", days];
        if has_ended {
            self.place.answer(2, "", &["staff", "recover", id]);
            self.place.answer(0, &format!("{id}.enrolment"), &token);
            model.let_in += 1;
        } else {
            self.place.answer(0, &format!("{id}.token"), &token);
        }
    }

    /// The key's renewal, as its ceremony does it.
    fn renew_key(&self, ca: &str, model: &mut Model) {
        let system = &self.system;
        let authority = system.authority(ca).expect("a CA");
        let issues_from = system.now() + SignedDuration::from_secs(1);
        let renewal = Renewal { issues_from, early: None };
        let act = system.act("ceremony").expect("an act");
        let keys = &*system.machine.keys;
        authority.renewals().renew(&act, &renewal, &find_or_generate, keys).expect("renewed");
        responder_configs(system);
        // Not by moving the clock, which the program would not believe while it runs.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        model.renewed_keys += 1;
    }

    /// The verifier gets another certificate in the place of its newest.
    fn another_verifier(&self, ends: &str) {
        let known = self.system.store.verifiers().expect("a read");
        if known.last().is_some_and(|newest| newest.id.as_str() != ends) {
            return;
        }
        let number = known.len() + 1;
        self.system.add_verifier(&format!("verifier-{number}")).expect("registered");
    }

    /// A week's work.
    pub(super) fn work(&self, model: &mut Model) {
        let now = self.system.now();
        let staff = Staff::at_windows(&self.system).expect("a desk");
        let town = Town::new(&staff, MUNICIPALITY);
        for resident in crate::demo::newcomers(&self.system, MUNICIPALITY, 2).expect("residents") {
            let auth = self.issue(&town, model, &resident, AUTH, "issue-with-card", None);
            self.issue(&town, model, &resident, SIGN, "issue-on-card", Some(&auth));
        }
        // Each stop has one more event than the week: they take turns.
        match model.stops % 6 {
            0 => self.lost_and_found(&town, model),
            1 => {
                if let Some(one) = model.in_force(AUTH, now, 2) {
                    town.carry_out(&one.holder, AUTH, "revocation", "use-ended").expect("revoked");
                    model.revoke(AUTH, &one.holder, now);
                }
            }
            2 => {
                if let Some(one) = model.in_force(SIGN, now, 2) {
                    died(&staff, &one.holder);
                    model.revoke(AUTH, &one.holder, now);
                    model.revoke(SIGN, &one.holder, now);
                }
            }
            3 => {
                if let Some(one) = model.in_force(SIGN, now, 1) {
                    model.revoke(SIGN, &one.holder, now);
                    model.moved(&one.holder, &moved(&staff, &one.holder));
                }
            }
            4 => self.renewed(&town, model),
            _ => {
                if let Some(one) = model.in_force(AUTH, now, 3) {
                    town.hold(&one.holder).expect("held");
                    model.set(AUTH, &one.holder, Stand::Good, Stand::Held);
                }
            }
        }
        apply_register_events(&staff).expect("the register's events");
    }

    fn issue(
        &self,
        town: &Town<'_>,
        model: &mut Model,
        resident: &Resident,
        ca: &'static str,
        kind: &str,
        on: Option<&Known>,
    ) -> Known {
        let issued = town.full_issue(resident, ca, kind, on.map(|one| &one.card));
        let issued = issued.unwrap_or_else(|error| panic!("{ca} {kind}: {error:#}"));
        let row = self.system.authority(ca).expect("a CA").certificate(&issued.serial);
        let known = Known {
            ca,
            serial: issued.serial,
            holder: resident.clone(),
            card: issued.card,
            stand: Stand::Good,
            ends: row.expect("a certificate").intent.not_after,
        };
        model.known.push(known.clone());
        known
    }

    fn lost_and_found(&self, town: &Town<'_>, model: &mut Model) {
        let Some(one) = model.in_force(AUTH, self.system.now(), 0) else { return };
        town.hold(&one.holder).expect("held");
        town.carry_out(&one.holder, AUTH, "hold-release", "").expect("released");
    }

    fn renewed(&self, town: &Town<'_>, model: &mut Model) {
        let now = self.system.now();
        let Some(one) = model.in_force(SIGN, now, 3) else { return };
        model.revoke(SIGN, &one.holder, now);
        self.issue(town, model, &one.holder, SIGN, "renewal", Some(&one));
    }

    /// What the day ends with: lists, the seal, and no end that people were not told of.
    pub(super) fn close(&self, model: &mut Model) {
        let system = &self.system;
        self.renew_own(model);
        publish_all(&Staff::at_windows(system).expect("a desk")).expect("lists");
        system.miss_late_lists().expect("no list is late");
        system.seal().expect("sealed");
        // What the program renews by itself it has renewed now. What people hear of while they work is for
        // the next stop.
        let now = system.now();
        let told = |at| system.desk_without_windows().deadlines().endings(at).expect("what ends");
        let own =
            |one: &web::desk::Ending| ["tls-certificate", "ocsp-responder"].contains(&one.kind);
        let mut left: Vec<_> = told(now).into_iter().filter(own).collect();
        let before = told(now - SignedDuration::from_hours(1)).into_iter();
        left.extend(before.filter(|one| !own(one) && one.kind != "verifier-certificate"));
        assert_eq!(left, [], "nothing is left unrenewed");
    }
}

fn died(staff: &Staff<'_>, holder: &Resident) {
    let code = holder.code.clone();
    staff.ask(OPERATOR, RecordDeath { code: code.into() }).expect("recorded");
}

/// Records another address, which is in certificates for signatures alone.
fn moved(staff: &Staff<'_>, holder: &Resident) -> String {
    let (code, address) = (holder.code.clone(), format!("{}２号室", holder.address));
    staff
        .ask(OPERATOR, RecordAddress { code: code.into(), address: address.clone() })
        .expect("recorded");
    address
}
