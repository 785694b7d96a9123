/*
 * The allow-list. A subject is unique at its provider only, so its patterns name the login too. An
 * e-mail address with more or fewer than one @ matches nothing: "mallory@evil.example@example.com"
 * must not pass for *@example.com.
 */
#include "gateway/allow.h"
#include "base/text.h"

static char fold_case(char c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool allow_matches(struct pk_str pattern, struct pk_str text, bool fold)
{
	size_t p = 0, t = 0, star = pattern.len, resume = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.len &&
			   fold_case(pattern.ptr[p], fold) == fold_case(text.ptr[t], fold)) {
			p++;
			t++;
		} else if (star < pattern.len) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

static bool is_address(struct pk_str email)
{
	const size_t at = pk_str_find(email, '@');
	const struct pk_str domain = pk_str_from(email, at + 1);

	return at > 0 && domain.len && pk_str_find(domain, '@') == domain.len;
}

/* "*" is everybody. Else the first slash ends the login, and a star on its left stands for nothing
 * of a subject: subjects are chosen by people, and may have slashes. */
static bool is_subject(struct pk_str pattern, struct pk_str login, struct pk_str subject)
{
	const struct pk_str login_pattern = pk_str_cut(&pattern, '/');

	if (!pattern.ptr)
		return pk_str_equal(login_pattern, PK_STR("*"));
	return allow_matches(login_pattern, login, false) && allow_matches(pattern, subject, false);
}

bool allow_passes(const struct settings *settings, struct pk_str login,
		  const struct pk_identity *identity)
{
	for (size_t i = 0; i < settings->allow_subjects.count; i++)
		if (is_subject(settings->allow_subjects.item[i], login, identity->subject))
			return true;
	for (size_t i = 0; i < settings->allow_emails.count; i++)
		if (is_address(identity->email) &&
		    allow_matches(settings->allow_emails.item[i], identity->email, true))
			return true;
	return false;
}
