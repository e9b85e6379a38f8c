//! The few commands of redis that the example uses, for machines without a redis.

use super::{Server, lines::serve};
use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read as _, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

type Table = Arc<Mutex<BTreeMap<String, i64>>>;

/// Starts one inside this process.
///
/// # Errors
///
/// Where it cannot listen.
pub fn resp() -> io::Result<Server> {
    let table = Table::default();
    let address = serve(move |mut socket| {
        let mut requests = BufReader::new(socket.try_clone()?);
        // What stands between MULTI and EXEC.
        let mut transaction: Option<Vec<Vec<String>>> = None;
        while let Some(words) = request(&mut requests)? {
            let answer = match (words[0].to_ascii_uppercase().as_str(), transaction.take()) {
                ("MULTI", _) => {
                    transaction = Some(Vec::new());
                    "+OK\r\n".to_owned()
                }
                ("EXEC", Some(queued)) => {
                    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
                    let answers = queued.iter().map(|words| answer(&mut table, words));
                    answers.fold(format!("*{}\r\n", queued.len()), |all, one| all + &one)
                }
                (_, Some(mut queued)) => {
                    queued.push(words);
                    transaction = Some(queued);
                    "+QUEUED\r\n".to_owned()
                }
                (_, None) => answer(&mut table.lock().unwrap_or_else(PoisonError::into_inner), &words),
            };
            socket.write_all(answer.as_bytes())?;
        }
        Ok(())
    })?;
    Ok(Server { name: "RESP inside this process", address: format!("redis://{address}/"), _running: Box::new(()) })
}

/// The words of the next request, unless the client has gone.
fn request(from: &mut impl BufRead) -> io::Result<Option<Vec<String>>> {
    let Some(count) = number(from, '*')? else { return Ok(None) };
    let mut words = Vec::new();
    for _ in 0..count {
        let mut word = vec![0; number(from, '$')?.ok_or(io::ErrorKind::UnexpectedEof)?];
        from.read_exact(&mut word)?;
        from.read_exact(&mut [0; 2])?;
        words.push(String::from_utf8(word).map_err(io::Error::other)?);
    }
    if words.is_empty() { Err(io::ErrorKind::InvalidData.into()) } else { Ok(Some(words)) }
}

/// The number in a line that begins with `sign`.
fn number(from: &mut impl BufRead, sign: char) -> io::Result<Option<usize>> {
    let mut line = String::new();
    if from.by_ref().take(32).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let number = line.trim_end().strip_prefix(sign).and_then(|number| number.parse().ok());
    number.map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn answer(table: &mut BTreeMap<String, i64>, words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let amount = |text: &str| text.parse::<i64>().unwrap_or_default();
    let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
    match words[..] {
        ["PING"] => "+PONG\r\n".to_owned(),
        ["CLIENT", ..] => "+OK\r\n".to_owned(),
        ["SET", key, value] => {
            table.insert(key.to_owned(), amount(value));
            "+OK\r\n".to_owned()
        }
        ["GET", key] => table.get(key).map_or_else(|| "$-1\r\n".to_owned(), |value| bulk(&value.to_string())),
        [change @ ("INCRBY" | "DECRBY"), key, by] => {
            let value = table.entry(key.to_owned()).or_default();
            *value += if change == "INCRBY" { amount(by) } else { -amount(by) };
            format!(":{value}\r\n")
        }
        // Two pages, so that the iterator has to come back.
        ["SCAN", cursor, "MATCH", pattern] => {
            let start = pattern.trim_end_matches('*');
            let keys: Vec<_> = table.keys().filter(|key| key.starts_with(start)).collect();
            let (first, second) = keys.split_at(keys.len() / 2);
            let (next, page) = if cursor == "0" { ("1", first) } else { ("0", second) };
            let page = page.iter().map(|key| bulk(key)).fold(format!("*{}\r\n", page.len()), |all, one| all + &one);
            format!("*2\r\n{}{page}", bulk(next))
        }
        _ => format!("-ERR unknown command {words:?}\r\n"),
    }
}
