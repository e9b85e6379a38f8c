//! The server of the client of its own: a line for a line, and the news of what is watched.

use super::{Server, lines::serve};
use std::io::{self, BufRead as _, BufReader, Write as _};

/// Starts one inside this process.
///
/// # Errors
///
/// Where it cannot listen.
pub fn feed() -> io::Result<Server> {
    let address = serve(|mut socket| {
        let mut watched = String::from("nothing");
        for line in BufReader::new(socket.try_clone()?).lines() {
            let line = line?;
            let answer = match line.split_once(' ') {
                Some(("watch", topic)) => {
                    topic.clone_into(&mut watched);
                    if topic == "nothing" {
                        "done\n".to_owned()
                    } else {
                        // The answer may come between the news.
                        format!("news of {topic}: 1\ndone\nnews of {topic}: 2\n")
                    }
                }
                None if line == "state" => format!("watching {watched}\n"),
                _ => format!("{line} to you\n"),
            };
            socket.write_all(answer.as_bytes())?;
        }
        Ok(())
    })?;
    Ok(Server { name: "a feed inside this process", address: address.to_string(), _running: Box::new(()) })
}
