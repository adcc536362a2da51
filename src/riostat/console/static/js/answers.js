/** What the server answers, with its own sentence when it says no. */

/** @returns {Promise<any>} the JSON of a GET; throws an Error that carries the server's sentence */
export async function ask(url, options = {}) {
  const response = await fetch(url, { credentials: "same-origin", ...options });
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    throw new Error(answer?.error ?? `The console answered with status ${response.status}.`);
  }
  return answer;
}

/** @returns {Promise<Document>} a page of the console, also an error page */
export async function page(url, signal) {
  const response = await fetch(url, { credentials: "same-origin", signal });
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
