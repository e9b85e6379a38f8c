//! What the facades do is what their clients do.

use super::{
    BlockingClient, BlockingRow, BlockingTransaction, BlockingTwo, Error, Point, Row,
    shapes::{BlockingEither, BlockingMade, BlockingPool, Either, Made, Pool, elsewhere},
    traits::{BlockingStore, OpenNow},
};
use pontoon::Smol;
use std::{collections::BTreeMap, rc::Rc};

fn client() -> BlockingClient {
    let client = BlockingClient::connect("here").unwrap();
    for (key, value) in [("a", "1"), ("b", "2")] {
        client.put(key, value).unwrap();
    }
    client
}

#[test]
fn constructors() {
    assert_eq!(BlockingClient::connect("here").unwrap().address(), "here");
    assert_eq!(BlockingClient::connect("").unwrap_err(), Error("nobody is there".into()));
    assert_eq!(BlockingClient::by_name("there").address(), "there");
    assert!(BlockingClient::maybe("").is_none());
    assert_eq!(BlockingClient::maybe("x").unwrap().peer(), "x");
    assert_eq!(BlockingClient::version(), "1");
}

#[test]
fn there_and_back() {
    let client = BlockingClient::from_async(client().into_async());
    assert_eq!(client.get("a").unwrap(), "1");
    let runner = pontoon::runner();
    let mut client = BlockingClient::from_async_on(client.into_async(), runner.clone());
    client.as_async_mut().retries = 3;
    assert_eq!(client.as_async().retries, 3);
    assert_eq!(client.on_runner(), 3);
    let copy = client.clone();
    runner.close().unwrap();
    assert!(client.runner().is_closed() && copy.runner().is_closed(), "a copy has the runner of its original");
    assert!(format!("{copy:?}").starts_with("BlockingClient(Client { address: \"here\""), "{copy:?}");
}

#[test]
fn calls() {
    let mut client = client();
    assert_eq!(client.get(&String::from("b")).as_deref(), Some("2"));
    assert_eq!(client.get("c"), None);
    let one = String::from("one");
    let longest = {
        let other = String::from("x");
        client.longest(&one, &other)
    };
    assert_eq!(longest, "one");
    client.address_mut().push('!');
    assert_eq!(client.address(), "here!");
    assert_eq!(client.put("c", ""), Err(Error("empty".into())));
    assert_eq!(client.patterns(1, Point { x: 10, y: 100 }, (1_000, [10_000, 0, 0]), "", &100_000), 111_111);
    assert_eq!(client.names(1, 2, 3, 4, 5, 6), 21);
    assert_eq!(client.lanes([3, 1, 2]), [1, 2]);
    assert_eq!(client.sized([1, 2]), [1, 2]);
    assert_eq!(client.parsed::<u8>("b"), Ok(2));
    assert_eq!(client.parsed("a"), Ok(1_i64));
    assert_eq!(client.parsed::<u8>("c"), Err(None));
    assert_eq!(client.size_of::<u64>(), 8);
    assert_eq!(client.local(Rc::from("text")), 4);
    assert_eq!(client.told(), 0);
    assert_eq!(client.shown(2), 2);
    assert_eq!(client.boxed("a").as_deref(), Some("1"));
    assert_eq!(client.inside(), 0);
    #[allow(deprecated, reason = "to see it kept")]
    let kept = client.attributes();
    assert_eq!(kept, 0);
    assert_eq!(client.finish(), "here!");
}

#[test]
fn builders() {
    let mut client = client().with_retries(1);
    assert_eq!(client.told(), 1);
    assert_eq!(client.set_retries(2).set_retries(3).told(), 3);
    assert_eq!(client.parse_retries("4").unwrap().told(), 4);
    assert!(client.parse_retries("x").is_err());
    assert_eq!(client.load_retries("5").unwrap().told(), 5);
}

#[test]
fn streams() {
    let client = client();
    assert_eq!(client.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(client.keys().zip(client.keys()).count(), 2);
    assert_eq!(client.numbers(4).sum::<u32>(), 6);
    assert_eq!(client.boxed_numbers(5).size_hint(), (5, Some(5)));
    let mut numbers = client.fallible("5").unwrap();
    assert_eq!(numbers.by_ref().collect::<super::Result<Vec<_>>>(), Err(Error("three".into())));
    assert_eq!(numbers.next(), Some(Ok(4)));
    assert_eq!(numbers.next(), None);
    assert!(client.fallible("x").is_err());
    assert_eq!(client.maybe_numbers(Some(3)).unwrap().count(), 3);
    assert!(client.maybe_numbers(None).is_none());
    assert_eq!(client.hidden(&1).count() + client.hidden_stream(&1).unwrap().count(), 0);
    let detached = client.clone().detached();
    assert_eq!(detached.count(), 0);
    assert_eq!(client.nested().flatten().collect::<Vec<_>>(), [0, 0, 1]);
    let texts: Vec<_> = client.rows().map(|row| row.unwrap().text().to_owned()).collect();
    assert_eq!(texts, ["1", "2"]);
}

#[test]
fn wrapped_types() {
    let row = |text: &str| BlockingRow::from_async(Row { text: text.into() });
    let client = client();
    assert_eq!(client.all().iter().map(|row| row.text()).collect::<String>(), "12");
    let (one, length, perhaps, map, two) = client.mixed("four").unwrap();
    assert_eq!((one.text(), length, perhaps.unwrap().text(), map[&1].text(), two.sum()), ("four", 4, "x", "y", 3));
    let taken = client.take(row("1"), vec![row("2"), row("3")], &row("4"), Some(&client), (row("5"), 6));
    assert_eq!(taken, "1234056");
    assert_eq!(client.by_hand().len(), 2);
    let (client, why) = client.failing().unwrap_err();
    assert_eq!((client.address(), why.as_str()), ("here", "no"));
    let two = BlockingTwo::from_async(super::Pair(1, 1));
    assert_eq!(two.sum(), 2);
}

#[test]
fn callbacks() {
    let (client, copy) = (client(), client());
    let mut seen = BTreeMap::new();
    // It calls the facade from inside one of its calls.
    client.each(|key, value| {
        seen.insert(key.to_owned(), (value.to_owned(), copy.get(key), client.keys().count()));
    });
    assert_eq!(seen["a"], ("1".to_owned(), Some("1".to_owned()), 2));
    assert_eq!(seen.len(), 2);
    let sum = client.each_async(|key| {
        let value = copy.get(&key).unwrap();
        async move { value.len() }
    });
    assert_eq!(sum, 2);
}

#[test]
fn guards() {
    let mut client = client();
    let log = client.as_async().log.clone();
    let mut guard: BlockingTransaction<'_> = client.begin().unwrap();
    guard.put("x", "1").put("y", "2");
    assert_eq!(guard.address(), "here");
    drop(guard.nested());
    assert_eq!(*log.lock().unwrap(), ["rollback"]);
    guard.commit().unwrap();
    assert_eq!(*log.lock().unwrap(), ["rollback", "commit"], "a consumed guard is not closed");
    drop(client.begin().unwrap());
    assert_eq!(log.lock().unwrap().len(), 3);
    let mut guard = client.begin().unwrap();
    guard.put("z", "3");
    assert_eq!(guard.into_changes().count(), 1);
    let guard = client.begin().unwrap();
    drop(guard.into_async());
    assert_eq!(log.lock().unwrap().len(), 3, "nor one whose value was taken");
    assert_eq!(client.get("y").unwrap(), "2");
    assert_eq!(client.get("z"), None);
}

#[test]
fn shapes() {
    let pool = BlockingPool::<'_, u8, 3>::fill(7, "pool");
    assert_eq!(pool.item(2), Some(&7));
    assert_eq!(pool.item(3), None);
    assert_eq!(pool.mapped(|item| u32::from(*item)).sum::<u32>(), 21);
    assert_eq!(pool.clone().as_async().name, "pool");
    let bound: Pool<'_, u8, 3> = pool.into_async();
    assert_eq!(bound.name, "pool");
    let (left, right) = (Either::Left(0), Either::Right("text".into()));
    assert!(BlockingEither::from_async(left).is_empty());
    assert_eq!(BlockingEither::from_async(right).clone().len(), 4);
    assert_eq!(BlockingMade::from_async(Made(1)).sum(2), 3);
    assert_eq!(elsewhere::BlockingFar::from_async_on(elsewhere::Far::new(5), Smol::shared().clone()).far(), 5);
}

#[test]
fn traits() {
    fn all<S: BlockingStore<Value = String>>(store: &S) -> (Option<String>, String, Vec<String>, usize) {
        (store.read("a"), store.read_or("c", "3".into()), store.names().collect(), store.size())
    }
    let client = client();
    assert_eq!(all(&client), (Some("1".into()), "3".into(), vec!["a".into(), "b".into()], 7));
    assert_eq!(client.row("b").unwrap().text(), "2");
    assert_eq!(BlockingClient::SIZE, 7);
    assert_eq!(BlockingEither::open(5).unwrap().text(), "5");
}
