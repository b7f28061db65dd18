//! CAs and their key generations.

use domain::id::CaId;
use rusqlite::ToSql;

use super::work::Work;
use crate::rows::{AuthorityRow, CaRow, GenerationPlan};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::micros;
use crate::sqlite::table::{AUTHORITY, CA, GENERATION_PLAN};
use crate::{Error, Result};

pub(super) fn add_ca(work: &mut Work<'_>, row: &CaRow) -> Result<()> {
    let what = || format!("CA {}", row.id);
    let values: [&dyn ToSql; 3] = [&row.id.as_str(), &row.policy_digest, &micros(row.created_at)];
    inserted(work.insert(&CA, &values), what, what)
}

pub(super) fn adopt_policy(
    work: &mut Work<'_>,
    ca: &CaId,
    from: &[u8; 32],
    to: &[u8; 32],
) -> Result<()> {
    let what = || format!("CA {ca}");
    let found = work.find(&CA, &[&ca.as_str()], |row| Ok(row.get::<_, [u8; 32]>("policy_digest")?));
    let (row, in_effect) = found?.ok_or_else(|| Error::Missing { what: what() })?;
    if in_effect != *from {
        let [expected, found] =
            [from, &in_effect].map(|digest| crate::journal::hex::encode(digest));
        return Err(Error::Stale { what: what(), expected, found });
    }
    work.update(&CA, row, &[("policy_digest", to)])
}

pub(super) fn add(work: &mut Work<'_>, row: &AuthorityRow) -> Result<()> {
    let values: [&dyn ToSql; 10] = [
        &row.ca.as_str(),
        &row.generation,
        &row.key_label,
        &row.key_algorithm.name(),
        &row.signature_algorithm.name(),
        &row.name,
        &row.spki,
        &row.self_signed.as_bytes(),
        &micros(row.created_at),
        &micros(row.issues_from),
    ];
    let what = || format!("generation {} of CA {}", row.generation, row.ca);
    inserted(work.insert(&AUTHORITY, &values), what, || format!("CA {}", row.ca))?;
    let planned = work.find(&GENERATION_PLAN, &[&row.ca.as_str()], |plan| {
        Ok(plan.get::<_, u32>("generation")?)
    })?;
    match planned {
        Some((plan, generation)) if generation == row.generation => {
            work.delete(&GENERATION_PLAN, &plan)
        }
        _ => Ok(()),
    }
}

/// A plan is put once, and again only to gain its key: whatever else it says stays.
pub(super) fn put_plan(work: &mut Work<'_>, plan: &GenerationPlan) -> Result<()> {
    let what = || format!("a key generation of CA {} that is being made", plan.ca);
    let (spki, made_at) = match &plan.key {
        Some(key) => (Some(&key.spki), Some(micros(key.made_at))),
        None => (None, None),
    };
    let known = work.find(&GENERATION_PLAN, &[&plan.ca.as_str()], |row| {
        crate::sqlite::read::authority::plan_row(row)
    })?;
    if let Some((row, known)) = known {
        let same = GenerationPlan { key: plan.key.clone(), ..known.clone() } == *plan;
        if !same || known.key.is_some() || plan.key.is_none() {
            return Err(Error::Duplicate { what: what() });
        }
        return work.update(&GENERATION_PLAN, row, &[("spki", &spki), ("key_made_at", &made_at)]);
    }
    let values: [&dyn ToSql; 8] = [
        &plan.ca.as_str(),
        &plan.generation,
        &plan.key_label,
        &plan.key_algorithm.name(),
        &plan.signature_algorithm.name(),
        &micros(plan.issues_from),
        &spki,
        &made_at,
    ];
    inserted(work.insert(&GENERATION_PLAN, &values), what, || format!("CA {}", plan.ca))
}
