/*
 * A token reply: the first byte chooses how the dialect has it, the rest is the body. Tokens that come out
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
	must(is_printable(tokens.id_token.text) && is_in_arena(&arena, tokens.id_token.text));
	must(is_in_arena(&arena, tokens.scope) && is_in_arena(&arena, tokens.subject));
	must(tokens.subject.len <= PK_SUBJECT_MAX);
	must(is_time(tokens.access_expires_at) && is_time(tokens.refresh_expires_at));
}

/* f: a form. n: everything somewhere else, and numbers. a: whatever the content type says. */
static struct pk_dialect dialect_of(uint8_t choice)
{
	struct pk_dialect dialect = {.token_subject = PK_STR("/user/id"),
				     .scope_separator = PK_STR(" "),
				     .token_reply = PK_BODY_JSON,
				     .refresh_lifetime_parameter = PK_STR("refresh_expires_in")};

	if (choice == 'f')
		dialect.token_reply = PK_BODY_FORM;
	if (choice == 'a')
		dialect.token_reply = PK_BODY_ACCEPT;
	if (choice == 'n') {
		dialect.token_reply_at = PK_STR("/data/0");
		dialect.token_type = PK_STR("user");
		dialect.reply_scope_separator = PK_STR(",");
		dialect.subject_type = PK_SUBJECT_NUMBER;
		dialect.ok_at = PK_STR("/ok");
		dialect.error_at = PK_STR("/error/type");
		dialect.error_text_at = PK_STR("/error/message");
		dialect.error_number_at = PK_STR("/error/codes/0");
	}
	return dialect;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pk_dialect dialect = dialect_of(size ? data[0] : 0);
	const struct pk_login login = {.dialect = &dialect};

	if (size == 0)
		return 0;

	const struct pk_str body = {(const char *)data + 1, size - 1};

	try_reply(&login, 200, body);
	try_reply(&login, 400, body);
	return 0;
}
