//! A program that runs beside us and is talked to, such as a browser: over two pipes of its own, so that it ends when
//! they close, and in a group that ends as one.

use std::io;
use std::process::Stdio;

use command_fds::{CommandFdExt, FdMapping};
use tokio::net::unix::pipe::{self, Receiver, Sender};

use crate::process::{Group, MARK, end_marked};
use crate::{Command, ProcessError};

/// A running program. It and all its offspring are killed when this is dropped.
///
/// The program reads what is sent from its file descriptor 3 and writes what is received to its file descriptor 4.
/// When this process dies, however suddenly, both pipes close, which a program that serves them takes as its end.
#[derive(Debug)]
pub struct Companion {
    child: tokio::process::Child,
    group: Group,
    mark: Option<String>,
}

impl Companion {
    /// Starts a program and returns it with what leads to it and what comes from it. Its `limit` and `input` are not
    /// looked at; a `mark` finds even those of its offspring that left its group.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &Command) -> Result<(Self, Sender, Receiver), ProcessError> {
        let program = || command.program.to_string_lossy().into_owned();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => ProcessError::NotFound { program: program() },
            _ => ProcessError::Failed { program: program(), source },
        };
        let (sender, its_input) = pipe::pipe().map_err(failed)?;
        let (its_output, receiver) = pipe::pipe().map_err(failed)?;
        // Its ends block, as a program expects of its files.
        let fds = [(its_input.into_blocking_fd(), 3), (its_output.into_blocking_fd(), 4)];
        #[expect(clippy::disallowed_methods, reason = "this is the other place that spawns")]
        let mut described = tokio::process::Command::new(&command.program);
        described
            .args(&command.arguments)
            .current_dir(&command.folder)
            .env_clear()
            .envs(command.environment.iter())
            .envs(command.mark.as_ref().map(|mark| (MARK, mark)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        let mappings = fds
            .into_iter()
            .map(|(fd, child_fd)| fd.map(|parent_fd| FdMapping { parent_fd, child_fd }))
            .collect::<io::Result<Vec<_>>>()
            .map_err(failed)?;
        described.fd_mappings(mappings).map_err(|error| failed(io::Error::other(error)))?;
        let child = described.spawn().map_err(failed)?;
        let group = Group::of(child.id());
        Ok((Self { child, group, mark: command.mark.clone() }, sender, receiver))
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When the system does not say.
    pub async fn ended(&mut self) -> io::Result<()> {
        self.child.wait().await.map(drop)
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        self.group.kill();
        if let Some(mark) = &self.mark {
            let _ = end_marked(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::Environment;

    fn shell(script: &str) -> Command {
        let environment = Environment::default().with("PATH", "/usr/bin:/bin");
        Command::new("sh", ["-c", script], Path::new("/"), environment, Duration::ZERO)
    }

    #[tokio::test]
    async fn it_is_talked_to_over_two_pipes() {
        let (mut companion, mut to, mut from) = Companion::start(&shell("cat <&3 >&4")).unwrap();
        to.write_all(b"hello").await.unwrap();
        let mut said = [0; 5];
        from.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"hello");
        drop(to);
        companion.ended().await.unwrap();
    }

    #[tokio::test]
    async fn nothing_of_it_is_left_when_it_is_dropped() {
        let mark = format!("companion-test-{}", std::process::id());
        let left_the_group = "setsid sh -c 'echo ready >&4; read never <&3' & read never <&3";
        let command = Command { mark: Some(mark.clone()), ..shell(left_the_group) };
        let (companion, _to, mut from) = Companion::start(&command).unwrap();
        let mut said = [0; 6];
        from.read_exact(&mut said).await.unwrap();
        drop(companion);
        assert_eq!(end_marked(&mark), 0, "there was nothing left to end");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let missing = Command { program: "no-such-program".into(), ..shell("") };
        let error = Companion::start(&missing).unwrap_err();
        assert!(matches!(error, ProcessError::NotFound { program } if program == "no-such-program"));
    }
}
