// Subscriptions of the query page: a socket for each, closed when its tab is stopped or left.
const HubLive = (() => {
  "use strict";

  // Whether the operation that is about to run is a subscription; GraphiQL hands its parsed text along.
  const isLive = (body, parsed) => Boolean(parsed && parsed.definitions.some((part) =>
    part.operation === "subscription"
    && (!body.operationName || (part.name && part.name.value === body.operationName))));

  // Whole answers, one after the other, as graphql-transport-ws brings them.
  const subscribe = (body, token, stated) => {
    const address = `${location.origin.replace(/^http/, "ws")}/graphql`;
    const socket = new WebSocket(address, "graphql-transport-ws");
    const arrived = [];
    let wake = () => {};
    const put = (frame) => { arrived.push(frame); wake(); };
    const say = (message) => socket.send(JSON.stringify(message));

    socket.onopen = () => say({ type: "connection_init", payload: { ...stated, authorization: `Bearer ${token}` } });
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "connection_ack") say({ id: "1", type: "subscribe", payload: body });
      else put(frame);
    };
    socket.onclose = ({ code, reason }) => put({ type: "closed", code, reason });

    const answers = (async function* () {
      for (;;) {
        while (arrived.length === 0) await new Promise((resolve) => { wake = resolve; });
        const frame = arrived.shift();
        if (frame.type === "next") yield frame.payload;
        else if (frame.type === "error") return yield { errors: frame.payload };
        else if (frame.type === "closed" && frame.code !== 1000) {
          throw new Error(`连接已关闭 The socket was closed: ${frame.code} ${frame.reason}`);
        } else if (frame.type === "closed" || frame.type === "complete") return undefined;
      }
    })();
    const ended = answers.return.bind(answers);
    answers.return = () => { socket.close(1000); return ended(); };
    return answers;
  };

  return { isLive, subscribe };
})();
