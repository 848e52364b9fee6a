//! One request, from its head to its answer. This is the order of the steps, and no other room knows it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use audit::{Decision, Journal, Kind, Refused};
use authn::{Authn, EndingKey, Identified, Lease, TokenIssuer};
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, VARY, WARNING, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Method};
use origin::Origin;
use policy::{Bound, Context, Policy, Principal, Question, Standing};
use protocol::{ErrorCode, Form, Head, Malformed, Now, Problem, Request, Tag};
use state::State;
use tokio::sync::watch;

use crate::answer::{self, Answer};
use crate::connection::Arrival;
use crate::hosts::Hosts;
use crate::metrics::Metrics;
use crate::request_body::{FormError, RequestBody};
use crate::revocable::{Clock, Revocable};
use crate::seen::{Ending, Seen};
use crate::settings::Limits;
use crate::stop::{Stop, Verdict};

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What stands behind the gate: one of each.
#[derive(Debug)]
pub struct Behind {
    /// What must survive a restart.
    pub state: State,
    /// Who is who.
    pub authn: Authn,
    /// Who may do what; a new policy counts from the next request on.
    pub policy: watch::Receiver<Arc<Policy>>,
    /// What was decided.
    pub journal: Arc<Journal>,
    /// What is served.
    pub origin: Origin,
    /// Who makes access tokens.
    pub tokens: TokenIssuer,
}

/// The gate.
pub struct Gate {
    pub(crate) behind: Behind,
    pub(crate) hosts: Hosts,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Clock,
}

impl Gate {
    /// Puts the gate in front of what stands behind it.
    #[must_use]
    pub fn new(
        behind: Behind,
        hosts: Hosts,
        limits: Limits,
        metrics: Arc<Metrics>,
        clock: impl Fn() -> Now + Send + Sync + 'static,
    ) -> Self {
        Self { behind, hosts, limits, metrics, clock: Arc::new(clock) }
    }

    /// Answers one request. It never fails: what stops a request becomes its answer here, and is written first.
    pub(crate) async fn answer(
        &self,
        arrival: &Arrival,
        mut head: Head,
        mut body: RequestBody,
    ) -> (Answer, Option<Ending>) {
        let name = head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let name = name.and_then(|host| self.hosts.find(host)).cloned();
        let mut seen = Seen::new(arrival, &head, name, (self.clock)());
        let received = body.counter();
        let stop = match self.read_form(&mut head, &mut body).await {
            Err(stop) => stop,
            Ok(()) => match self.pass(&mut seen, &head, &mut body).await {
                Ok(answer) => {
                    let ending = self.ending(&seen, &answer, received.get());
                    return (self.dress(answer, &seen), ending);
                }
                Err(stop) => stop,
            },
        };
        let answer = self.refuse(&seen, &stop, received.get());
        body.drain(&self.limits);
        (answer, None)
    }

    async fn pass(&self, seen: &mut Seen, head: &Head, body: &mut RequestBody) -> Result<Answer, Stop> {
        let now = seen.now;
        let snapshot = self.behind.state.snapshot(); // one view of the world for the whole request
        let request = seen.request(self.classify(seen, head)?); // asked for what: typed, or refused
        let identified = self.behind.authn.identify(head, &snapshot, now);
        let Identified { principal, bound, lease, .. } = seen.identity(identified)?; // by whom
        let context = self.context(seen, &principal, &bound, &request)?; // from where, and what exists
        let question = Arc::new(Question::new(principal, bound, request, context));
        let policy = self.behind.policy.borrow().clone();
        let permit = policy.decide(&question, snapshot.grants(), now).map_err(Stop::Denied)?; // pure
        let standing = permit.standing();
        let admission = self.behind.journal.admit(permit, &seen.circumstances).await.map_err(Stop::Journal)?;
        seen.admitted(admission.receipt()); // written: from here on there is an outcome
        lease.still_standing().map_err(|_ended| Stop::Ended)?;
        let revocable = self.revocable(lease, standing);
        let served = match admission.kind() {
            Kind::Ping => answer::ping(),
            Kind::Token => answer::token(self.behind.tokens.issue(admission, now).map_err(Stop::Token)?),
            Kind::Origin => {
                self.behind.origin.serve(admission, revocable.upload(body), now).await.map_err(Stop::Origin)?
            }
        };
        Ok(Answer::new(served, &revocable))
    }

    /// `POST /token` is the one request whose body is read before anybody is identified.
    async fn read_form(&self, head: &mut Head, body: &mut RequestBody) -> Result<(), Stop> {
        if head.path != "/token" || head.method != Method::POST {
            return Ok(());
        }
        let form = body.form(self.limits.form_bytes).await.map_err(|error| Stop::Malformed(error.malformed()))?;
        head.form = Some(Form::parse(&form));
        Ok(())
    }

    fn classify(&self, seen: &Seen, head: &Head) -> Result<Request, Stop> {
        if seen.name.is_none() {
            return Err(Stop::ForeignHost);
        }
        self.fits(head).map_err(|problem| Stop::Malformed(Malformed { problem }))?;
        let request = Request::parse(head).map_err(Stop::Malformed)?;
        match &request {
            Request::Token(token) if token.service.as_deref().is_some_and(|name| name != self.hosts.service()) => {
                Err(Stop::ForeignService)
            }
            Request::Token(_) | Request::Oci(_) | Request::Catalog { .. } | Request::Ping { .. } => Ok(request),
        }
    }

    /// hyper bounds what it reads of a head by its buffer, which is no exact limit; these are.
    fn fits(&self, head: &Head) -> Result<(), Problem> {
        let target =
            head.path.len().saturating_add(head.query.as_ref().map_or(0, |query| query.len().saturating_add(1)));
        let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len().saturating_add(value.len());
        let headers = head.headers.iter().map(|header| line(header).saturating_add(": \r\n".len())).sum::<usize>();
        if target > self.limits.target_bytes {
            return Err(Problem::new(414, ErrorCode::Unsupported, "the path and its parameters are too long"));
        }
        if target.saturating_add(headers) > self.limits.head_bytes {
            return Err(Problem::new(431, ErrorCode::Unsupported, "the headers are too long"));
        }
        Ok(())
    }

    /// What is known before the question is put: asked of the origin, which says only what exists. For who shows nothing
    /// it is not asked: they are refused whatever exists.
    fn context(&self, seen: &Seen, principal: &Principal, bound: &Bound, request: &Request) -> Result<Context, Stop> {
        let mut context = Context::new(seen.circumstances.source);
        if let Request::Oci(oci) = request
            && *bound != Bound::Nothing
        {
            let tags: Vec<Tag> = oci.operation.written_tags().cloned().collect();
            if !tags.is_empty() {
                context.existing_tags = self.behind.origin.existing_tags(oci, &tags).map_err(Stop::Origin)?;
            }
            context.upload_owner = self.behind.origin.upload_owner(oci).map_err(Stop::Origin)?;
            context.is_own_blob = self.behind.origin.is_own_blob(oci, principal).map_err(Stop::Origin)?;
        }
        Ok(context)
    }

    fn revocable(&self, lease: Lease, standing: Standing) -> Revocable {
        let (policy, state, clock) = (self.behind.policy.clone(), self.behind.state.clone(), self.clock.clone());
        Revocable { lease, standing, policy, state, clock }
    }

    /// Turns a stop into its answer. Before the decision was written it is written now; after it, it is an outcome.
    fn refuse(&self, seen: &Seen, stop: &Stop, received: u64) -> Answer {
        let request = seen.request.as_ref();
        let verdict = stop.verdict(request);
        if let Some(cause) = stop.cause().filter(|_| verdict.problem.status == 503) {
            tracing::error!(request.id = %seen.circumstances.request_id, "cannot answer: {}", chain(cause));
        }
        match seen.receipt {
            Some(receipt) => {
                let ended = Ending::new(self, seen, receipt, verdict.problem.status, received, None);
                ended.refused(verdict.ended);
            }
            None => self.note(seen, stop, &verdict),
        }
        let mut headers = HeaderMap::new();
        let challenge = seen.name.as_ref().or(self.hosts.first()).and_then(|name| {
            let challenge = verdict.asks.challenge(name, self.hosts.service(), request)?;
            HeaderValue::try_from(challenge.to_string()).ok()
        });
        headers.extend(challenge.map(|challenge| (WWW_AUTHENTICATE, challenge)));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::try_from(&seen.circumstances.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if matches!(verdict.problem.status, 503 | 507 | 429) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        let body = verdict.problem.body(Some(&seen.circumstances.request_id));
        self.dress(Answer::refusal(verdict.problem.status, headers, body), seen)
    }

    /// Writes a refusal. If the journal cannot, it stays a refusal, and the log says so.
    fn note(&self, seen: &Seen, stop: &Stop, verdict: &Verdict) {
        let refused = Refused {
            decision: verdict.decision,
            reason: verdict.reason,
            problem: &verdict.problem,
            request: seen.request.as_ref(),
            principal: seen.principal.as_ref(),
            denial: stop.denial(),
        };
        self.metrics.decided(seen.request.as_ref().map(Request::route), verdict.decision);
        if let Err(error) = self.behind.journal.note(&refused, &seen.circumstances) {
            tracing::error!(request.id = %seen.circumstances.request_id, "cannot write a refusal: {error}");
        }
    }

    /// What every answer has; the payload of a HEAD stays behind. Each is for whoever asked, and decided anew each time,
    /// so no cache keeps it for others (RFC 9111, sections 3.5 and 5.2.2.7).
    fn dress(&self, mut answer: Answer, seen: &Seen) -> Answer {
        answer.headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        answer.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private"));
        answer.headers.insert(VARY, HeaderValue::from_static("Authorization"));
        if let (Some(location), Some(name)) = (answer.headers.get(LOCATION).cloned(), &seen.name)
            && let Ok(path) = location.to_str()
            && let Ok(url) = HeaderValue::try_from(format!("{}{path}", name.base()))
        {
            answer.headers.insert(LOCATION, url);
        }
        if let Some(EndingKey { id, expires }) = &seen.ending
            && let Ok(text) = HeaderValue::try_from(format!("299 - \"the robot key {id} expires at {expires:.0}\""))
        {
            answer.headers.insert(WARNING, text);
        }
        if seen.circumstances.method == "HEAD" {
            answer.download.without_payload();
        }
        answer
    }

    fn ending(&self, seen: &Seen, answer: &Answer, received: u64) -> Option<Ending> {
        self.metrics.decided(seen.request.as_ref().map(Request::route), Decision::Allow);
        let receipt = seen.receipt?;
        Some(Ending::new(self, seen, receipt, answer.status.as_u16(), received, answer.digest.clone()))
    }
}

/// An error with its causes, the outer one first.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl FormError {
    fn malformed(self) -> Malformed {
        let problem = match self {
            Self::TooLarge => Problem::new(413, ErrorCode::Unsupported, "the form is too large"),
            Self::Incomplete => Problem::new(400, ErrorCode::Unsupported, "the form is not complete"),
        };
        Malformed { problem }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gate").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
