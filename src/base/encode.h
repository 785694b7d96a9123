/*
 * Encodings: base64url and base64 (RFC 4648), hex, percent and form (RFC 3986 2.1, RFC 6749
 * Appendix B).
 *
 * Two decoders of base64url on purpose: pk_base64url_secret() takes a time that does not depend on
 * the text, pk_base64url_decode() is a table walk several times as fast, for cookies and states,
 * which are no secret from the browser that sends them.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "proofkey.h"

#define PK_BASE64URL_LEN(bytes) (((bytes)*4 + 2) / 3)

/* Writes without padding. Both encoders run in constant time. */
void pk_base64url_encode(struct pk_buf *out, const void *bytes, size_t size);
void pk_base64_encode(struct pk_buf *out, const void *bytes,
		      size_t size); /* standard alphabet, padded: for Basic */
void pk_hex_encode(struct pk_buf *out, const void *bytes, size_t size); /* lower case */

/* Decodes all of `text` into at most `cap` bytes; false for a foreign character, padding, unused
 * bits that are not zero, or no space. */
bool pk_base64url_decode(struct pk_str text, void *bytes, size_t cap, size_t *ret_size);
bool pk_base64url_secret(struct pk_str text, void *bytes, size_t cap, size_t *ret_size);

/* Writes a form value: letters, digits and - . _ ~ as they are, everything else as %XX. A space is
 * %20, which RFC 3986 and form decoders both read, and some providers read nothing else. */
void pk_percent_encode(struct pk_buf *out, struct pk_str text);

/* Reads a form value: %XX and, as in forms, + for a space. False for a % without two digits and for
 * %00. */
bool pk_form_decode(struct pk_buf *out, struct pk_str text);

/* Writes `name=value`, with & before it unless it is the first in `out` since `start`. */
void pk_form_put(struct pk_buf *out, size_t start, struct pk_str name, struct pk_str value);

#endif
