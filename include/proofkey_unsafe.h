/*
 * The loud exceptions. Each of these gives up a protection that RFC 7636 or RFC 9700 asks for;
 * nothing in proofkey.h does.
 */
#ifndef PROOFKEY_UNSAFE_H
#define PROOFKEY_UNSAFE_H

#include "proofkey.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The challenge is the verifier itself (`code_challenge_method=plain`, RFC 7636 4.2). Whoever reads
 * the authorize URL, a log, a referrer, a browser's history, can redeem the code. RFC 7636 4.2
 * allows it only to clients that cannot compute SHA-256, and RFC 9700 2.1.1 to nobody. For servers
 * that know nothing else.
 */
void pk_unsafe_challenge_plain(const struct pk_verifier *verifier, struct pk_challenge *ret);

/* The server's side of plain: PK_OK when both are the same text and a well-formed verifier,
 * compared in constant time. */
PK_MUST_USE enum pk_err pk_unsafe_challenge_plain_verify(struct pk_str verifier,
							 struct pk_str challenge,
							 struct pk_why *why);

#ifdef __cplusplus
}
#endif

#endif
