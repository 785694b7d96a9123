/*
 * Session cookies. The format is tight, since every request carries it: one byte of length before
 * each text, and what a session does not have takes no room.
 */
#include "gateway/session.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>

#define WITHOUT_SID 1 /* the versions of the format: all of them count until they end */
#define WITH_SID 2

/* Cuts to `max` bytes without cutting a UTF-8 character in two. */
static struct pk_str cut(struct pk_str text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
		max--;
	return pk_str_first(text, max);
}

static void put_time(struct pk_buf *out, int64_t at)
{
	for (int shift = 0; shift < 64; shift += 8)
		pk_buf_char(out, (char)((uint64_t)at >> shift));
}

static void put_text(struct pk_buf *out, struct pk_str text)
{
	pk_buf_char(out, (char)(unsigned char)text.len);
	pk_buf_put(out, text);
}

void session_sid(struct pk_str login, struct pk_str sid, uint8_t ret[static SESSION_ID])
{
	static const char label[] = "session at a provider";
	const uint64_t len = login.len;
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, SESSION_ID);
	crypto_generichash_update(&state, (const uint8_t *)label, sizeof(label));
	crypto_generichash_update(&state, (const uint8_t *)&len, sizeof(len));
	crypto_generichash_update(&state, (const uint8_t *)login.ptr, login.len);
	crypto_generichash_update(&state, (const uint8_t *)sid.ptr, sid.len);
	crypto_generichash_final(&state, ret, SESSION_ID);
}

static void put_bytes(struct pk_buf *out, const uint8_t *bytes, size_t size)
{
	pk_buf_put(out, (struct pk_str){(const char *)bytes, size});
}

bool session_seal(struct token_sealer *sealer, const struct session *session, struct pk_buf *out)
{
	char memory[SESSION_PLAIN_MAX];
	uint8_t nonce[SEAL_NONCE];
	struct pk_buf plain = pk_buf(memory, sizeof(memory));

	if (!session->subject.len || session->subject.len > PK_SUBJECT_MAX ||
	    session->login.len > SESSION_LOGIN_MAX)
		return false;
	pk_buf_char(&plain, session->has_sid ? WITH_SID : WITHOUT_SID);
	put_bytes(&plain, session->id, sizeof(session->id));
	put_time(&plain, session->issued_at);
	put_time(&plain, session->expires_at);
	if (session->has_sid)
		put_bytes(&plain, session->sid, sizeof(session->sid));
	put_text(&plain, session->login);
	put_text(&plain, session->subject);
	put_text(&plain, cut(session->name, SESSION_NAME_MAX));
	put_text(&plain,
		 session->email.len <= SESSION_EMAIL_MAX ? session->email : (struct pk_str){0});
	randombytes_buf(nonce, sizeof(nonce));
	token_seal(sealer, nonce, PK_STR("session"), pk_buf_str(&plain), out);
	return !plain.overflow && !out->overflow;
}

static bool get_bytes(struct pk_str *in, uint8_t *ret, size_t size)
{
	if (in->len < size)
		return false;
	memcpy(ret, in->ptr, size);
	*in = pk_str_from(*in, size);
	return true;
}

static bool get_time(struct pk_str *in, int64_t *ret)
{
	uint64_t at = 0;

	if (in->len < 8)
		return false;
	for (int i = 7; i >= 0; i--)
		at = at << 8 | (unsigned char)in->ptr[i];
	*in = pk_str_from(*in, 8);
	*ret = (int64_t)at;
	return true;
}

static bool get_text(struct pk_str *in, struct pk_str *ret)
{
	if (!in->len || in->len - 1 < (unsigned char)in->ptr[0])
		return false;
	*ret = pk_str_first(pk_str_from(*in, 1), (unsigned char)in->ptr[0]);
	*in = pk_str_from(*in, 1 + ret->len);
	return true;
}

bool session_open(struct token_sealer *sealer, struct pk_str cookie, int64_t now, void *memory,
		  struct session *ret)
{
	struct pk_str in;

	if (!cookie.len || cookie.len > SESSION_TEXT_MAX ||
	    token_open(sealer, PK_STR("session"), cookie, memory, &in) != SEAL_OPENED)
		return false;
	if (!in.len || (in.ptr[0] != WITHOUT_SID && in.ptr[0] != WITH_SID))
		return false;
	ret->has_sid = in.ptr[0] == WITH_SID;
	in = pk_str_from(in, 1);
	return get_bytes(&in, ret->id, sizeof(ret->id)) && get_time(&in, &ret->issued_at) &&
	       get_time(&in, &ret->expires_at) &&
	       (!ret->has_sid || get_bytes(&in, ret->sid, sizeof(ret->sid))) &&
	       get_text(&in, &ret->login) && get_text(&in, &ret->subject) &&
	       get_text(&in, &ret->name) && get_text(&in, &ret->email) && !in.len &&
	       now < ret->expires_at;
}
