/*
 * A token reply: the first byte chooses JSON or form, the rest is the body. Tokens that come out
 * can stand in a header line, lie in the arena, and expire in a time that was added without
 * overflow; what is refused has its evidence.
 */
#include "must.h"

#include "base/text.h"

#include <string.h>

#define NOW INT64_C(1764000000)

static unsigned char memory[PK_ARENA_LOGIN];

static bool is_printable(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || (unsigned char)text.ptr[i] > 0x7e)
			return false;
	return true;
}

static bool is_in_arena(const struct pk_arena *arena, struct pk_str text)
{
	const unsigned char *ptr = (const unsigned char *)text.ptr;

	return !ptr || (ptr >= arena->ptr && ptr + text.len <= arena->ptr + arena->used);
}

static bool is_time(int64_t at)
{
	return at == PK_TIME_UNKNOWN || at >= NOW;
}

static void try_reply(const struct pk_login *login, int status, struct pk_str body)
{
	const struct pk_http_reply reply = {status, PK_STR("text/html; charset=\"x\""), body};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_tokens tokens = {.access_expires_at = -7};
	struct pk_why why = {0};
	const enum pk_err err = pk_token_reply(&arena, login, &reply, NOW, &tokens, &why);

	if (err != PK_OK) {
		must(why.err == err && why.detail[0] && why.status == status);
		must(tokens.access_expires_at == -7 && !tokens.access_token.text.ptr);
		must(is_printable(pk_str(why.detail)) && is_printable(pk_str(why.provider_error)) &&
		     is_printable(pk_str(why.provider_text)));
		return;
	}
	must(status == 200);
	must(tokens.access_token.text.len > 0);
	must(is_printable(tokens.access_token.text) && is_printable(tokens.refresh_token.text));
	must(is_in_arena(&arena, tokens.access_token.text));
	must(is_in_arena(&arena, tokens.refresh_token.text));
	must(is_in_arena(&arena, tokens.scope) && is_in_arena(&arena, tokens.subject));
	must(tokens.subject.len <= PK_SUBJECT_MAX);
	must(is_time(tokens.access_expires_at) && is_time(tokens.refresh_expires_at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pk_dialect dialect = {.token_subject = PK_STR("/user/id"),
				     .refresh_lifetime_parameter = PK_STR("refresh_expires_in")};
	const struct pk_login login = {.dialect = &dialect};

	if (size == 0)
		return 0;
	dialect.token_reply = data[0] == 'f' ? PK_BODY_FORM : PK_BODY_JSON;

	const struct pk_str body = {(const char *)data + 1, size - 1};

	try_reply(&login, 200, body);
	try_reply(&login, 400, body);
	return 0;
}
