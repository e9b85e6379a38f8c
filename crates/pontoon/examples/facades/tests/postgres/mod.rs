//! What the facade of tokio-postgres promises beyond what it shows.

use crate::Case;
use example_facades::postgres::Client;
use pontoon_tests::{contexts::current_thread, trial::Steps};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

pub(crate) const CASES: [Case; 4] = [
    ("a_dropped_transaction_has_rolled_back", a_dropped_transaction_has_rolled_back),
    ("an_unwound_transaction_has_rolled_back", an_unwound_transaction_has_rolled_back),
    ("rows_come_one_by_one", rows_come_one_by_one),
    ("a_copy_that_is_left", a_copy_that_is_left),
];

/// Two connections, and a table of one row by that name.
fn table(address: &str, name: &str) -> (Client, Client) {
    let client = Client::connect(address).unwrap();
    client.batch_execute(&format!("CREATE TABLE {name} (n INT); INSERT INTO {name} VALUES (1)")).unwrap();
    (client, Client::connect(address).unwrap())
}

/// Changes the row in a transaction that `end` ends; after that nobody holds the row.
fn roll_back(address: &str, name: &str, end: impl FnOnce(example_facades::postgres::Transaction<'_>)) {
    let (mut client, other) = table(address, name);
    let look =
        || other.query_one(&format!("SELECT n FROM {name} FOR UPDATE NOWAIT"), &[]).map(|row| row.get::<_, i32>(0));
    let transaction = client.transaction().unwrap();
    assert_eq!(transaction.execute(&format!("UPDATE {name} SET n = 2"), &[]).unwrap(), 1);
    assert!(look().is_err(), "the row is held");
    end(transaction);
    assert_eq!(look().unwrap(), 1);
}

fn a_dropped_transaction_has_rolled_back(address: &str, steps: &Steps) {
    roll_back(address, "dropped", |it| drop(it));
    steps.at("in a task of tokio's");
    current_thread().block_on(async { roll_back(address, "dropped_inside", |it| drop(it)) });
}

fn an_unwound_transaction_has_rolled_back(address: &str, _: &Steps) {
    roll_back(address, "unwound", |transaction| {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _transaction = transaction;
            resume_unwind(Box::new("on the way"));
        }));
        assert!(unwound.is_err());
    });
}

fn rows_come_one_by_one(address: &str, steps: &Steps) {
    let client = Client::connect(address).unwrap();
    let rows = |from: i32, to: i32| client.query("SELECT generate_series($1::INT, $2::INT)", &[&from, &to]).unwrap();
    steps.at("all rows");
    assert_eq!(rows(1, 10_000).map(|row| row.unwrap().get::<_, i32>(0)).sum::<i32>(), 50_005_000);
    steps.at("rows that nobody takes");
    assert_eq!(rows(1, 10_000).next().unwrap().unwrap().get::<_, i32>(0), 1);
    steps.at("an error among the rows");
    let rows: Vec<_> = client.query("SELECT 1 / (3 - generate_series(1, 5))", &[]).unwrap().collect();
    assert!(rows.last().unwrap().is_err());
    assert_eq!(client.query_one("SELECT 1", &[]).unwrap().get::<_, i32>(0), 1, "the connection goes on");
}

fn a_copy_that_is_left(address: &str, steps: &Steps) {
    let client = Client::connect(address).unwrap();
    let copy = || client.copy_out("COPY (SELECT generate_series(1, 10000)) TO STDOUT").unwrap();
    steps.at("all of it");
    let bytes: usize = copy().map(|chunk| chunk.unwrap().len()).sum();
    assert_eq!(bytes, 9 * 2 + 90 * 3 + 900 * 4 + 9_000 * 5 + 6);
    steps.at("a piece of it");
    assert_eq!(&copy().next().unwrap().unwrap()[..], b"1\n");
    assert_eq!(client.query_one("SELECT 2", &[]).unwrap().get::<_, i32>(0), 2, "the connection goes on");
}
