//! What takes long: it is waited for, and asked how far it has come.

use std::pin::Pin;
use std::time::Instant;

use axum::body::Body;
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{Answered, CONNECTING, Client, SILENCE, SLOW, Site, Way, here, lost};
use crate::desk::progress::ShowProgress;
use crate::operation::Asked;

/// Octets of what is told of a step at most.
const MAX_STEP_BYTES: usize = 64 << 10;

impl Client {
    /// Waits for an answer; of what takes long it tells the steps meanwhile, where there are some to be told.
    pub(super) async fn patiently(
        &self,
        mut answering: Pin<&mut dyn Future<Output = Answered>>,
        mut tells: bool,
    ) -> Answered {
        let (begun, mut last, mut is_late) = (Instant::now(), None, false);
        loop {
            let step = async {
                sleep(self.pace).await;
                // That nothing is told of it is no reason to give up.
                match tells {
                    true => timeout(CONNECTING, self.step()).await.ok().flatten(),
                    false => None,
                }
            };
            let step = tokio::select! {
                answered = &mut answering => return answered,
                step = step => step,
            };
            // Where nobody answers that, or lets in for it, it is asked no more.
            tells &= step.is_some();
            if let Some(step) = step.flatten()
                && last.as_ref() != Some(&step)
            {
                (self.told)(&step);
                last = Some(step);
            }
            if begun.elapsed() > SLOW && !is_late {
                is_late = true;
                tracing::warn!("there is no answer yet: the operation takes longer than usual");
            }
            if matches!(&self.site, Site::There(Way::Tls(_), _)) && begun.elapsed() > SILENCE {
                return Err(lost("the server says nothing any more"));
            }
        }
    }

    /// How far the operation has come that is asked for under this id, if it tells; nothing where that is not
    /// answered.
    async fn step(&self) -> Option<Option<String>> {
        let fields = json!({ "operation": self.operation.as_ref()? });
        let asked = Asked::of::<ShowProgress>(fields.as_object()?.clone()).ok()?;
        let request = self.request(asked.begun(), None).ok()?;
        let answer = match &self.site {
            Site::Here(router) => here(router, request).await.ok()?,
            // Over a connection of its own: the other one waits.
            Site::There(way, _) => {
                way.connected().await.ok()?.send_request(request).await.ok()?.map(Body::new)
            }
        };
        if !answer.status().is_success() {
            return None;
        }
        let told = Limited::new(answer.into_body(), MAX_STEP_BYTES).collect().await.ok()?;
        let told: Value = serde_json::from_slice(&told.to_bytes()).ok()?;
        Some(told["step"].as_str().map(str::to_owned))
    }
}
