// Everything comes from the environment.
export const settings = {
  password: process.env.DB_PASSWORD,
  token: `${process.env.API_TOKEN}`,
  url: "postgres://shop:${DB_PASSWORD}@db.internal:5432/orders",
  sample: "postgres://user:password@localhost/db",
};
