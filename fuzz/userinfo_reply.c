/*
 * User info: a line with a JSON pointer, then the document. An identity always has a subject that
 * is bounded and free of control characters, and it is the subject of the tokens where they name
 * one.
 */
#include "must.h"

#include "base/text.h"

static unsigned char memory[PK_ARENA_LOGIN], other[PK_ARENA_LOGIN];

static bool has_control(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pk_str body = {(const char *)data, size};
	const struct pk_str pointer = pk_str_cut(&body, '\n');
	const struct pk_dialect dialect = {.userinfo_subject = pointer,
					   .userinfo_name = PK_STR("/name"),
					   .userinfo_email = pointer,
					   .userinfo_error = PK_STR("/error/code")};
	const struct pk_login login = {.dialect = &dialect};
	const struct pk_http_reply reply = {200, PK_STR("application/json"), body};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_tokens tokens = {0};
	struct pk_identity identity = {0}, again;
	struct pk_why why = {0};
	enum pk_err err = pk_userinfo_reply(&arena, &login, &tokens, &reply, &identity, &why);

	if (err != PK_OK) {
		must(why.err == err && why.detail[0] && !identity.subject.ptr);
		return 0;
	}
	must(identity.subject.len > 0 && identity.subject.len <= PK_SUBJECT_MAX);
	must(!has_control(identity.subject) && !has_control(identity.name));
	must(pk_str_equal(identity.email, identity.subject));

	tokens.subject = identity.subject;
	arena = pk_arena(other, sizeof(other));
	must(pk_userinfo_reply(&arena, &login, &tokens, &reply, &again, &why) == PK_OK);
	must(pk_str_equal(again.subject, identity.subject));
	tokens.subject.len--;
	arena = pk_arena(other, sizeof(other));
	must(!tokens.subject.len || pk_userinfo_reply(&arena, &login, &tokens, &reply, &again,
						      &why) == PK_ERR_SUBJECT_MISMATCH);
	return 0;
}
