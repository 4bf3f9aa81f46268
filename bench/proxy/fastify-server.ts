import { requirePeer } from "../harness/require-peer.ts";
import { announce } from "../wire/load.ts";

// As the README of @fastify/http-proxy has it, with the connections that its undici client keeps.
const [upstream = ""] = process.argv.slice(2);
const fastify = requirePeer("fastify")({ logger: false });
fastify.register(requirePeer("@fastify/http-proxy"), { upstream, undici: { connections: 128 } });
announce((await fastify.listen({ host: "127.0.0.1", port: 0 })) as string);
