//! A small server of names, whose answers depend on the name that is asked for.

use std::net::SocketAddr;

use tokio::net::UdpSocket;

/// Answers by the first label of the name, and returns where.
pub(crate) async fn serve() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = vec![0; 2048];
        while let Ok((count, from)) = socket.recv_from(&mut question).await {
            if let Some(answer) = answer(&question[..count]) {
                let _ = socket.send_to(&answer, from).await;
            }
        }
    });
    address
}

fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let length = usize::from(*question.get(12)?);
    let label = std::str::from_utf8(question.get(13..13 + length)?).ok()?.to_ascii_lowercase();
    answer_as(&label, question)
}

/// Answers as if that label had been asked for (RFC 1035, 4.1: a header of 12 bytes, then the question).
pub(crate) fn answer_as(label: &str, question: &[u8]) -> Option<Vec<u8>> {
    let end = 12 + question[12..].iter().position(|byte| *byte == 0)? + 5;
    let (code, addresses): (u8, &[[u8; 4]]) = match label {
        "right" => (0, &[[192, 0, 2, 7]]),
        "two" => (0, &[[192, 0, 2, 8], [192, 0, 2, 7]]),
        "empty" => (0, &[]),
        "formerr" => (1, &[]),
        "servfail" => (2, &[]),
        "nothing" => (3, &[]),
        "notimp" => (4, &[]),
        "refused" => (5, &[]),
        "garbage" => return Some([&question[..2], &[0xff; 30]].concat()),
        "stranger" => return Some([&[!question[0], question[1]], &question[2..end]].concat()),
        _ => return None,
    };
    let count = u8::try_from(addresses.len()).ok()?;
    let mut answer = [&question[..2], &[0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0], &question[12..end]].concat();
    for address in addresses {
        // A pointer to the name, A, IN, ten seconds, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4]);
        answer.extend(address);
    }
    Some(answer)
}
