// One round of a service with the AWS SDK for JavaScript v3: `node client.js SERVICE NAME...`; what the names mean says
// the service's file. Endpoint, keys and region come from the environment, as for any program.
// What it saw is printed as one JSON object.

const [service, ...names] = process.argv.slice(2);
const { round } = await import(`./${service}.js`);
console.log(JSON.stringify(await round(...names)));
