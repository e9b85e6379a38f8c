use pontoon::blocking;

#[blocking]
struct Client(Vec<Row>);

#[blocking]
struct Row;

#[blocking(wrap(Row))]
impl Client {
    pub async fn first(&self) -> &Row {
        &self.0[0]
    }

    pub fn maybe(&mut self) -> Option<&mut Row> {
        self.0.first_mut()
    }

    pub fn myself(&self) -> &Self {
        self
    }

    pub fn as_slice(&self) -> Result<&[Row], ()> {
        Ok(&self.0)
    }
}

fn main() {}
