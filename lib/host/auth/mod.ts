/**
 * Authentication: JSON Web Tokens, passwords, and the operator's own module.
 *
 * Comes in: a request's headers. Goes out: an identity, an anonymous client, or a rejection. What a service lets in is not
 * decided here but in `gateway`.
 *
 * @module
 */
export { Authenticator, type AuthModule } from "./authenticator.ts";
export { JwtVerifier } from "./jwt.ts";
export { outcomeOf } from "./module_answer.ts";
export { addUser, PasswordFile } from "./password_file.ts";
