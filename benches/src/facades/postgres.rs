//! PostgreSQL: tokio-postgres through each way to block on it, and the `postgres` crate, which is made of it.

use super::{callers, calls, peer, scenario};
use crate::{
    meter::Meter,
    scenarios::{Entry, Env, Needs, Scenario, entries},
    subjects::{Backend, Items, Loop, Role, Subject, Who, ours, tokio},
};
use futures_lite::StreamExt as _;
use postgres::fallible_iterator::FallibleIterator as _;
use std::sync::Arc;
use tokio_postgres::{Client, NoTls, Row, Statement};

const POSTGRES: Who = peer("postgres", Backend::Tokio);
/// The same rows, all of them at once.
const POSTGRES_VEC: Who = peer("postgres, into a Vec", Backend::Tokio);
const PONTOON_VEC: Who = Who { name: "pontoon tokio, into a Vec", backend: Backend::Tokio, role: Role::Ours };

pub(super) fn scenarios() -> [Scenario; 2] {
    let mut query = callers![query];
    query.push(Entry { who: POSTGRES, round: blocking_query });
    let mut rows = entries![rows:
        ours::Pontoon<ours::OnTokio>,
        ours::Pontoon<ours::OnTokioMulti>,
        ours::Pontoon<ours::InlineTokio>,
        tokio::InPlace,
        tokio::HandleBlockOn,
    ];
    rows.push(Entry { who: PONTOON_VEC, round: vec::<ours::Pontoon<ours::OnTokio>> });
    rows.push(Entry { who: POSTGRES, round: blocking_rows });
    rows.push(Entry { who: POSTGRES_VEC, round: blocking_vec });
    [
        scenario("postgres-query", "a prepared PostgreSQL query with one row", Needs::Postgres, query),
        scenario("postgres-rows", "10,000 rows from PostgreSQL, one by one unless said", Needs::Postgres, rows),
    ]
}

const QUERY: &str = "select $1::int4 + 1";
const ROWS: &str = "select n, 'row ' || n from generate_series(1, 10000) as n";
const ALL: u64 = 10_000;

/// Where PostgreSQL listens.
fn address(env: &Env) -> String {
    let port = env.postgres.expect("it runs, or the scenario would not");
    format!("host=127.0.0.1 port={port} user=postgres dbname=postgres")
}

/// Uses both columns of a row, and gives 1.
fn used(row: &Row) -> u64 {
    u64::from(row.get::<_, i32>(0) > 0 && row.get::<_, &str>(1).starts_with("row "))
}

fn connect<S: Loop>(subject: &S, env: &Env, sql: &'static str) -> (Arc<Client>, Statement) {
    let address = address(env);
    let connected = subject.call(async move { tokio_postgres::connect(&address, NoTls).await });
    let (client, connection) = connected.expect("PostgreSQL listens");
    subject.background(async { drop(connection.await) });
    let client = Arc::new(client);
    let preparing = client.clone();
    let statement = subject.call(async move { preparing.prepare(sql).await }).expect("the statement is good");
    (client, statement)
}

fn query<S: Loop>(env: &Env, meter: &mut Meter) {
    let subject = <S as Subject>::start();
    let (client, statement) = connect(&subject, env, QUERY);
    calls(env, meter, 200, || {
        let (client, statement) = (client.clone(), statement.clone());
        let row = subject.call(async move { client.query_one(&statement, &[&41_i32]).await });
        assert_eq!(row.expect("there is a row").get::<_, i32>(0), 42);
    });
}

fn blocking_query(env: &Env, meter: &mut Meter) {
    let mut client = postgres::Client::connect(&address(env), NoTls).expect("PostgreSQL listens");
    let statement = client.prepare(QUERY).expect("the statement is good");
    calls(env, meter, 200, || {
        let row = client.query_one(&statement, &[&41_i32]);
        assert_eq!(row.expect("there is a row").get::<_, i32>(0), 42);
    });
}

fn rows<S: Loop + Items>(env: &Env, meter: &mut Meter) {
    let subject = <S as Subject>::start();
    let (client, statement) = connect(&subject, env, ROWS);
    calls(env, meter, 20, || {
        let (client, statement) = (client.clone(), statement.clone());
        let none: [i32; 0] = [];
        let rows = subject.call(async move { client.query_raw(&statement, none).await }).expect("there are rows");
        let rows = subject.items(Box::pin(rows).map(|row| used(&row.expect("there is a row"))));
        assert_eq!(rows.sum::<u64>(), ALL);
    });
}

fn blocking_rows(env: &Env, meter: &mut Meter) {
    let mut client = postgres::Client::connect(&address(env), NoTls).expect("PostgreSQL listens");
    let statement = client.prepare(ROWS).expect("the statement is good");
    calls(env, meter, 20, || {
        let none: [i32; 0] = [];
        let rows = client.query_raw(&statement, none).expect("there are rows");
        let all = rows.fold(0, |sum, row| Ok(sum + used(&row)));
        assert_eq!(all.expect("there are rows"), ALL);
    });
}

fn vec<S: Loop>(env: &Env, meter: &mut Meter) {
    let subject = <S as Subject>::start();
    let (client, statement) = connect(&subject, env, ROWS);
    calls(env, meter, 20, || {
        let (client, statement) = (client.clone(), statement.clone());
        let rows = subject.call(async move { client.query(&statement, &[]).await }).expect("there are rows");
        assert_eq!(rows.iter().map(used).sum::<u64>(), ALL);
    });
}

fn blocking_vec(env: &Env, meter: &mut Meter) {
    let mut client = postgres::Client::connect(&address(env), NoTls).expect("PostgreSQL listens");
    let statement = client.prepare(ROWS).expect("the statement is good");
    calls(env, meter, 20, || {
        let rows = client.query(&statement, &[]).expect("there are rows");
        assert_eq!(rows.iter().map(used).sum::<u64>(), ALL);
    });
}
