/*
 * Shortening secrets and taming text for reports. It trusts nothing: captures come from whoever
 * sends a bug report, and reports go to tickets, chats and terminals. The hash is there to compare
 * two secrets by eye; 32 bits of it say nothing about a secret that deserves the name.
 */
#include "explain/redact.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>

#define SHOWN_CHARS 4
#define SHOWN_FROM 12 /* a shorter secret would be shown by a third or more */
#define HASH_BYTES 4

struct pk_str redact(struct pk_str secret, char memory[static REDACT_MAX])
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	struct pk_buf out = pk_buf(memory, REDACT_MAX);

	if (!secret.ptr)
		return secret;
	crypto_hash_sha256(digest, (const unsigned char *)secret.ptr, secret.len);
	if (secret.len >= SHOWN_FROM) {
		pk_buf_put(&out, pk_str_first(secret, SHOWN_CHARS));
		pk_buf_put(&out, PK_STR("... "));
	}
	pk_buf_char(&out, '(');
	pk_buf_number(&out, (int64_t)secret.len);
	pk_buf_put(&out, secret.len == 1 ? PK_STR(" character") : PK_STR(" characters"));
	pk_buf_put(&out, PK_STR(", sha256 "));
	pk_hex_encode(&out, digest, HASH_BYTES);
	pk_buf_char(&out, ')');
	return pk_buf_str(&out);
}

static bool is_printable(char c)
{
	return c >= 0x20 && c <= 0x7e;
}

size_t tame_width(char c)
{
	return is_printable(c) ? 1 : 4;
}

void tame_put(struct pk_buf *out, char c)
{
	if (is_printable(c)) {
		pk_buf_char(out, c);
		return;
	}
	pk_buf_put(out, PK_STR("\\x"));
	pk_hex_encode(out, &c, 1);
}
