//! Other programs: started with an argument list, a clean environment and a time limit, in a group that ends as one.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::{Environment, Scope};

/// More output than this is cut at its beginning, in bytes per stream.
const OUTPUT_LIMIT: usize = 4 << 20;

/// A program to run. There is no shell: arguments are passed as they are.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program's name or path.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where it runs.
    pub folder: PathBuf,
    /// All of its environment.
    pub environment: Environment,
    /// After this long its whole process group is killed.
    pub limit: Duration,
    /// What it reads from its standard input.
    pub input: Vec<u8>,
    /// What its whole offspring is marked with, so that a successor can end what this process left behind.
    pub mark: Option<String>,
}

impl Command {
    /// Describes a program without input that nobody has to clean up after.
    pub fn new<A: Into<OsString>>(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
        folder: &Path,
        environment: Environment,
        limit: Duration,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            folder: folder.to_owned(),
            environment,
            limit,
            input: Vec::new(),
            mark: None,
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.to_string_lossy())?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", argument.to_string_lossy()))
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this status.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
}

/// What a program left.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub ended: Ended,
    /// The last 4 MiB of its standard output.
    pub stdout: Vec<u8>,
    /// The last 4 MiB of its standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Says whether it exited with status 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.ended == Ended::Exited(0)
    }

    /// Returns the last `count` lines of both streams, for an error message.
    #[must_use]
    pub fn last_lines(&self, count: usize) -> Vec<String> {
        let text = format!("{}{}", String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(&self.stderr));
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(count)..].iter().map(|&line| line.to_owned()).collect()
    }
}

/// Why a program gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// There is no such program.
    #[error("`{program}` is not installed or not on the PATH")]
    NotFound {
        /// Its name.
        program: String,
    },
    /// It ran too long and was killed with its whole group.
    #[error("`{program}` ran longer than {} s and was killed", limit.as_secs())]
    TimedOut {
        /// Its name.
        program: String,
        /// The limit.
        limit: Duration,
    },
    /// The caller wanted it to end.
    #[error("`{program}` was cancelled")]
    Cancelled {
        /// Its name.
        program: String,
    },
    /// It could not be started or spoken with.
    #[error("could not run `{program}`")]
    Failed {
        /// Its name.
        program: String,
        /// Why.
        source: io::Error,
    },
}

/// Runs programs.
#[async_trait]
pub trait Processes: fmt::Debug + Send + Sync {
    /// Runs one to its end. Whatever is left of its process group then is killed.
    ///
    /// # Errors
    /// When it gave no result; an exit status other than 0 is a result.
    async fn run(&self, command: &Command, scope: &Scope) -> Result<Output, ProcessError>;
}

/// This machine's programs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemProcesses;

#[async_trait]
impl Processes for SystemProcesses {
    async fn run(&self, command: &Command, scope: &Scope) -> Result<Output, ProcessError> {
        let program = command.program.to_string_lossy().into_owned();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => ProcessError::NotFound { program: program.clone() },
            _ => ProcessError::Failed { program: program.clone(), source },
        };
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        let mut child = tokio::process::Command::new(&command.program)
            .args(&command.arguments)
            .current_dir(&command.folder)
            .env_clear()
            .envs(command.environment.iter())
            .envs(command.mark.as_ref().map(|mark| (MARK, mark)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let group = Group::of(child.id());

        let mut stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let talk = async {
            let write = async {
                if let Some(mut stdin) = stdin.take() {
                    // A program that does not read its input is no failure.
                    let _ = stdin.write_all(&command.input).await;
                }
            };
            let wait = async {
                let status = child.wait().await;
                // Leftovers of the group may hold the pipes open for ever.
                group.kill();
                status
            };
            let (status, stdout, stderr, ()) = tokio::join!(wait, read_tail(stdout), read_tail(stderr), write);
            Ok::<_, io::Error>((status?, stdout?, stderr?))
        };
        let (status, stdout, stderr) = tokio::select! {
            talked = tokio::time::timeout(command.limit, talk) => match talked {
                Ok(result) => result.map_err(failed)?,
                Err(_) => return Err(ProcessError::TimedOut { program, limit: command.limit }),
            },
            () = scope.cancel.cancelled() => return Err(ProcessError::Cancelled { program }),
        };
        let ended = match status.code() {
            Some(code) => Ended::Exited(code),
            None => Ended::Signalled(std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default()),
        };
        Ok(Output { ended, stdout, stderr })
    }
}

async fn read_tail(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else { return Ok(kept) };
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        kept.extend_from_slice(&buffer[..count]);
        if kept.len() > 2 * OUTPUT_LIMIT {
            kept.drain(..kept.len() - OUTPUT_LIMIT);
        }
    }
    kept.drain(..kept.len().saturating_sub(OUTPUT_LIMIT));
    Ok(kept)
}

/// A running process group, killed when dropped.
#[derive(Debug)]
pub(crate) struct Group(Option<Pid>);

impl Group {
    /// Returns the group that a process leads.
    pub(crate) fn of(leader: Option<u32>) -> Self {
        Self(leader.and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    pub(crate) fn kill(&self) {
        if let Some(leader) = self.0 {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The variable that marks a command's offspring. It is there before the program begins to run and is handed down to
/// whatever it starts, so there is no moment at which a killed parent leaves something without it.
pub(crate) const MARK: &str = "CHARTER_MARK";

/// Ends every process that carries a mark, and returns how many there were.
///
/// Call it only while holding the lock that their parent must have held.
#[must_use]
pub fn end_marked(mark: &str) -> usize {
    let wanted = format!("{MARK}={mark}");
    let mut ended = std::collections::BTreeSet::new();
    loop {
        let marked: Vec<Pid> = running().into_iter().filter(|process| carries(*process, &wanted)).collect();
        // What is being killed forks no more; whoever was forked meanwhile is found in the next round.
        for process in &marked {
            let _ = kill_process(*process, Signal::KILL);
            ended.insert(process.as_raw_nonzero());
        }
        if marked.is_empty() {
            return ended.len();
        }
        std::thread::yield_now();
    }
}

fn running() -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let number = |name: OsString| name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
    entries.filter_map(Result::ok).filter_map(|entry| number(entry.file_name())).collect()
}

/// Says whether a process was started with this variable. One that has ended, or is another user's, tells nothing.
fn carries(process: Pid, variable: &str) -> bool {
    let environment = std::fs::read(format!("/proc/{}/environ", process.as_raw_nonzero()));
    environment.is_ok_and(|bytes| bytes.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Command {
        let environment = Environment::default().with("PATH", "/usr/bin:/bin");
        Command::new("sh", ["-c", script], Path::new("/"), environment, limit)
    }

    #[tokio::test]
    async fn a_program_gets_its_input_and_a_clean_environment() {
        let mut command = shell("cat; env | grep -c CARGO", Duration::from_secs(30));
        command.input = b"hello ".to_vec();
        let output = SystemProcesses.run(&command, &Scope::default()).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "hello 0\n");
        assert_eq!(output.ended, Ended::Exited(1));
    }

    #[tokio::test]
    async fn a_program_that_runs_too_long_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = shell("sleep 1000 & echo $! > child; wait", Duration::from_millis(300));
        command.folder = folder.path().to_owned();
        let error = SystemProcesses.run(&command, &Scope::default()).await.unwrap_err();
        assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
        let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
        let gone =
            || std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).is_ok_and(|stat| !stat.contains(") Z"));
        // The kernel ends the group at once, but tells `/proc` when it gets round to it.
        while gone() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn leftovers_that_hold_the_pipes_do_not_keep_us_waiting() {
        let output = SystemProcesses
            .run(&shell("sleep 1000 & echo done", Duration::from_secs(60)), &Scope::default())
            .await
            .unwrap();
        assert_eq!(output.stdout, b"done\n");
    }

    #[tokio::test]
    async fn what_a_dead_parent_left_behind_is_found_by_its_mark() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().display().to_string();
        let mut command = shell("setsid sleep 1000 & echo $! > child; wait", Duration::from_secs(60));
        command.folder = folder.path().to_owned();
        command.mark = Some(mark.clone());
        let run = tokio::spawn(async move { SystemProcesses.run(&command, &Scope::default()).await });
        while std::fs::read_to_string(folder.path().join("child")).map_or(0, |child| child.len()) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(end_marked(&mark) >= 2, "the shell and what it started in a session of its own");
        assert_eq!(run.await.unwrap().unwrap().ended, Ended::Signalled(9));
        assert_eq!(end_marked(&mark), 0);
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let command =
            Command::new("no-such-program", ["x"], Path::new("/"), Environment::default(), Duration::from_secs(1));
        let error = SystemProcesses.run(&command, &Scope::default()).await.unwrap_err();
        assert!(error.to_string().contains("`no-such-program` is not installed"), "{error}");
    }
}
