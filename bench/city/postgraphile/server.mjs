// PostGraphile 5 over the bench's database: `node server.mjs <port> <workers> <connection string>`.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const [port, workers, connectionString] = [
  Number(process.argv[2]),
  Number(process.argv[3]),
  process.argv[4],
];

async function serve() {
  const preset = {
    extends: [PostGraphileAmberPreset],
    pgServices: [makePgService({ connectionString, schemas: ["public"], poolConfig: { max: 10 } })],
    schema: { defaultBehavior: "+list" },
    grafserv: { port, graphqlPath: "/graphql", graphiql: false, watch: false, maxRequestLength: 1_000_000 },
    grafast: { explain: false },
    gather: { installWatchFixtures: false },
  };
  const instance = postgraphile(preset);
  const server = createServer();
  server.on("error", (wrong) => {
    console.error(wrong);
    process.exit(1);
  });
  await instance.createServ(grafserv).addTo(server);
  server.listen(port, "127.0.0.1", () => console.log("listening"));
}

if (workers > 1 && cluster.isPrimary) {
  for (let number = 0; number < workers; number += 1) cluster.fork();
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit(0);
  });
} else {
  await serve();
}
