/* User info: the person of the token's grant, each value where the dialect's pointers say (RFC 6901,
 * OpenID Connect Core 5.3). */
#include "sandbox/answers.h"
#include "sandbox/document.h"
#include "sandbox/reply.h"

void answer_userinfo(struct exchange *x)
{
	const struct pk_dialect *dialect = x->dialect;
	const struct person *person = x->grant->person;
	char memory[PERSON_SUBJECT_MAX];
	struct pk_buf subject = pk_buf(memory, sizeof(memory));
	json_t *reply = json_object();

	person_subject(person, dialect, &subject);
	document_put(reply, dialect->userinfo_subject, pk_buf_str(&subject));
	document_put(reply, dialect->userinfo_name, person->name);
	document_put(reply, dialect->userinfo_email, person->email);
	document_put_bool(reply, dialect->userinfo_email_verified, true);
	document_put(reply, dialect->userinfo_picture, person->picture);
	document_put(reply, dialect->userinfo_error, PK_STR("ok"));
	reply_document(x, 200, PK_BODY_JSON, reply);
}
