/* Some APIs want to be told whose token it is: the subject of the token reply stands in the URL. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str name = x->dialect->userinfo_subject_parameter;
	char memory[PERSON_SUBJECT_MAX];
	struct pk_buf subject = pk_buf(memory, sizeof(memory));
	struct pk_form query;

	if (!name.len)
		return true;
	person_subject(x->grant->person, x->dialect, &subject);
	return pk_form_parse(x->arena, http_query(x->http), &query, NULL) == PK_OK &&
	       pk_str_equal(pk_form_get(&query, name), pk_buf_str(&subject));
}

const struct check check_userinfo_subject = {
	.name = "userinfo-subject",
	.status = 400,
	.code = "invalid_request",
	.text = "The subject is missing in the URL, or is not that of the token.",
	.fault = "provider-error",
	.reference = "RFC 6750 3.1",
	.run = run,
};
