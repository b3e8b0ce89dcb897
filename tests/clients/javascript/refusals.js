/** What a service says as it refuses a call: `missing` is the class that stands for what is not there. */
export async function refused(client, command, missing) {
  try {
    await client.send(command);
  } catch (error) {
    return {
      class: error.constructor.name,
      code: error.Code ?? error.Error?.Code ?? error.name,
      missing: error instanceof missing,
      message: error.message,
      status: error.$metadata.httpStatusCode,
    };
  }
  throw new Error(`${command.constructor.name} was not refused`);
}
