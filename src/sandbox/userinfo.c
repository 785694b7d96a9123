/* User info: the person of the token's grant, each value where the dialect's pointers say (RFC 6901,
 * OpenID Connect Core 5.3), and of those that a scope stands for the granted ones (5.4). */
#include "sandbox/answers.h"
#include "sandbox/distort.h"
#include "sandbox/document.h"
#include "sandbox/reply.h"

void answer_userinfo(struct exchange *x)
{
	const struct pk_dialect *dialect = x->dialect;
	const struct person *person = x->grant->person;
	json_t *reply = json_object();

	document_put_subject(reply, dialect->userinfo_subject, dialect, person);
	if (!scope_withholds(x, PK_STR("profile"))) {
		document_put(reply, dialect->userinfo_name, person->name);
		document_put(reply, dialect->userinfo_picture, person->picture);
	}
	if (!scope_withholds(x, PK_STR("email"))) {
		document_put(reply, dialect->userinfo_email, person->email);
		document_put_bool(reply, dialect->userinfo_email_verified, true);
	}
	document_put(reply, dialect->userinfo_error, PK_STR("ok"));
	if (dialect->ok_at.len)
		document_put_bool(reply, dialect->ok_at, true);
	distort(x, DISTORT_USERINFO, reply);
	reply_document(x, 200, PK_BODY_JSON, reply);
}
