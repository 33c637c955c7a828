/** The package ships no types: a list of domains whose mailboxes belong to anyone. */
declare module 'email-providers' {
  const domains: readonly string[];
  export default domains;
}
