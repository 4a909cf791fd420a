//! Who has signed in.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charter_host::Secret;
use tokio::time::Instant;

/// What browsers keep the name of a session as.
const COOKIE: &str = "charter-session";
const SHORTEST_TOKEN: usize = 16;
/// How long somebody stays signed in.
const LASTS: Duration = Duration::from_secs(12 * 3600);
/// How many may be signed in at once; the oldest goes.
const MOST: usize = 64;
/// How many wrong tokens are looked at in a minute.
const TRIES: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);

type Hash = [u8; 32];

/// Everyone who has signed in.
pub(super) struct Sessions {
    token: Hash,
    /// By the hash of their names: a look-up tells nothing about a name by how long it takes.
    open: Mutex<HashMap<Hash, Session>>,
    wrong: Mutex<(Instant, u32)>,
}

/// Somebody who has signed in.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) name: String,
    /// What every form of theirs carries.
    pub(super) csrf: String,
    since: Instant,
}

/// Why somebody is not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSignedIn {
    WrongToken,
    TooOften,
    NoRandomNumbers,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions({})", held(&self.open).len())
    }
}

impl Sessions {
    /// Takes the token; nothing when it could be guessed.
    pub(super) fn new(token: &Secret) -> Option<Self> {
        let token = token.reveal();
        (token.len() >= SHORTEST_TOKEN).then(|| Self {
            token: hash(token),
            open: Mutex::default(),
            wrong: Mutex::new((Instant::now(), 0)),
        })
    }

    /// Signs somebody in, and returns what to set as a cookie.
    pub(super) fn sign_in(&self, name: &str, token: &str) -> Result<String, NotSignedIn> {
        let now = Instant::now();
        {
            let mut wrong = held(&self.wrong);
            if now.duration_since(wrong.0) > MINUTE {
                *wrong = (now, 0);
            }
            if wrong.1 >= TRIES {
                return Err(NotSignedIn::TooOften);
            }
            if verify_slices_are_equal(&hash(token), &self.token).is_err() {
                wrong.1 += 1;
                return Err(NotSignedIn::WrongToken);
            }
        }
        let id = random().ok_or(NotSignedIn::NoRandomNumbers)?;
        let csrf = random().ok_or(NotSignedIn::NoRandomNumbers)?;
        let mut open = held(&self.open);
        open.retain(|_, session| now.duration_since(session.since) < LASTS);
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.since).map(|(id, _)| *id)
        {
            open.remove(&oldest);
        }
        open.insert(hash(&id), Session { name: name.to_owned(), csrf, since: now });
        Ok(format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict"))
    }

    /// Returns who asks; nothing when they have not signed in, or too long ago.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<Session> {
        let session = held(&self.open).get(&hash(cookie(headers)?)).cloned()?;
        (Instant::now().duration_since(session.since) < LASTS).then_some(session)
    }

    /// Returns who asks, when the form carries what their forms carry.
    pub(super) fn of_form(&self, headers: &HeaderMap, csrf: &str) -> Option<Session> {
        let session = self.of(headers)?;
        verify_slices_are_equal(&hash(csrf), &hash(&session.csrf)).is_ok().then_some(session)
    }

    /// Signs out who asks, and returns what to set as a cookie.
    pub(super) fn sign_out(&self, headers: &HeaderMap) -> String {
        if let Some(id) = cookie(headers) {
            held(&self.open).remove(&hash(id));
        }
        format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    }
}

/// What a panic leaves behind is a map like any other.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash(text: &str) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

fn random() -> Option<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "correct horse battery staple";

    fn sessions() -> Sessions {
        Sessions::new(&Secret::new(TOKEN.to_owned())).unwrap()
    }

    fn with(cookie: &str) -> HeaderMap {
        let pair = cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, format!("other=1; {pair}").parse().unwrap())])
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_needs_the_token_ends_by_itself_and_can_be_ended() {
        let sessions = sessions();
        assert_eq!(sessions.sign_in("ann", "wrong"), Err(NotSignedIn::WrongToken));
        let mine = with(&sessions.sign_in("ann", TOKEN).unwrap());
        let session = sessions.of(&mine).unwrap();
        assert_eq!(session.name, "ann");
        assert!(sessions.of_form(&mine, &session.csrf).is_some());
        assert!(sessions.of_form(&mine, "").is_none() && sessions.of(&HeaderMap::new()).is_none());
        let other = with(&sessions.sign_in("ben", TOKEN).unwrap());
        assert!(sessions.of_form(&other, &session.csrf).is_none());
        sessions.sign_out(&other);
        assert!(sessions.of(&other).is_none() && sessions.of(&mine).is_some());
        tokio::time::advance(LASTS).await;
        assert!(sessions.of(&mine).is_none());
        assert!(Sessions::new(&Secret::new("short".to_owned())).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_guesses_must_wait_and_so_must_all() {
        let sessions = sessions();
        for _ in 0..TRIES {
            assert_eq!(sessions.sign_in("eve", "wrong"), Err(NotSignedIn::WrongToken));
        }
        assert_eq!(sessions.sign_in("eve", TOKEN), Err(NotSignedIn::TooOften));
        tokio::time::advance(MINUTE + Duration::from_secs(1)).await;
        assert!(sessions.sign_in("ann", TOKEN).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_are_signed_in() {
        let sessions = sessions();
        let first = with(&sessions.sign_in("ann", TOKEN).unwrap());
        for _ in 0..MOST {
            tokio::time::advance(Duration::from_secs(1)).await;
            sessions.sign_in("ben", TOKEN).unwrap();
        }
        assert!(sessions.of(&first).is_none());
        assert_eq!(held(&sessions.open).len(), MOST);
    }
}
