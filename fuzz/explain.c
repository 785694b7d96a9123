/*
 * The whole of explain: any text is read, explained with all built-in dialects, and reported for a
 * person and for a program. What is reported is in order: the findings by their confidence, no fault
 * both found and looked for in vain, evidence that points into the capture, and text that no
 * terminal can be hurt with.
 */
#include "proofkey_explain.h"
#include "protocol/json.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIALECTS_MAX 64

static void must(bool holds)
{
	if (!holds)
		abort();
}

static size_t load_dialects(const struct pk_dialect **ret)
{
	static struct pk_dialect dialects[DIALECTS_MAX];
	static size_t count;

	for (; pk_dialect_name(count); count++) {
		const char *name = pk_dialect_name(count);

		must(count < DIALECTS_MAX);
		must(pk_dialect_parse(pk_str(name), pk_str(pk_dialect_text(name)), &dialects[count],
				      NULL) == PK_OK);
	}
	for (size_t i = 0; i < count; i++)
		ret[i] = &dialects[i];
	return count;
}

static void must_be_in_order(const struct pk_report *report)
{
	must(report->finding_count <= PK_FINDINGS_MAX && report->checked_count <= PK_CHECKED_MAX);
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct pk_finding *finding = &report->finding[i];

		must(finding->fault && finding->evidence_count <= PK_EVIDENCE_MAX);
		for (size_t j = 0; j < finding->evidence_count; j++)
			must(finding->evidence[j].event >= -1 &&
			     finding->evidence[j].event < (int)report->capture->count);
		for (size_t j = 0; j < report->checked_count; j++)
			must(strcmp(finding->fault->id, report->checked[j]) != 0);
	}
}

static void must_be_harmless(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		must(text.ptr[i] == '\n' || (text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char memory[PK_ARENA_CAPTURE];
	static char out[PK_REPORT_MAX];
	static struct pk_report report;
	const struct pk_dialect *dialects[DIALECTS_MAX];
	const size_t count = load_dialects(dialects);
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_capture capture;
	struct pk_buf text = pk_buf(out, sizeof(out));
	json_t *json;

	if (pk_capture_read(&arena, (struct pk_str){(const char *)data, size}, &capture, NULL) !=
	    PK_OK)
		return 0;
	if (pk_explain(&arena, &capture, dialects, count, &report, NULL) != PK_OK)
		return 0;
	must_be_in_order(&report);
	pk_report_text(&report, false, &text);
	if (!text.overflow)
		must_be_harmless(pk_buf_str(&text));
	text = pk_buf(out, sizeof(out));
	pk_report_json(&report, true, &text);
	json = text.overflow ? NULL : json_loadb(out, text.len, 0, NULL);
	must(text.overflow || json);
	json_decref(json);
	return 0;
}
