// Posts a video for somebody who signed in with TikTok: node post.mjs SUBJECT VIDEO_URL TITLE. The gateway's broker has the token.
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { json } from 'node:stream/consumers';

const socketPath = process.env.PROOFKEY_BROKER ?? '/run/proofkey/broker.sock';
const secret = readFileSync(process.env.PROOFKEY_KEY_FILE ?? 'poster.key', 'utf8').trim();
const api = process.env.TIKTOK_API ?? 'https://open.tiktokapis.com';

async function token(subject) {
	const path = `/v1/grants/tiktok/${encodeURIComponent(subject)}/token`;
	const answer = await new Promise((resolve, reject) =>
		get({ socketPath, path, headers: { authorization: `Bearer ${secret}` } }, resolve).on('error', reject));
	const said = await json(answer);

	if (answer.statusCode !== 200) // the person has to sign in again, or it is a matter of time: it says which
		throw new Error(`${said.fault ?? said.error}: ${said.detail} ${said.fix}`);
	return said.access_token;
}

const [subject, video, title] = process.argv.slice(2);
const posted = await fetch(`${api}/v2/post/publish/video/init/`, {
	method: 'POST',
	headers: { authorization: `Bearer ${await token(subject)}`, 'content-type': 'application/json; charset=UTF-8' },
	body: JSON.stringify({ post_info: { title, privacy_level: 'SELF_ONLY' }, source_info: { source: 'PULL_FROM_URL', video_url: video } }),
});

if (!posted.ok) throw new Error(`the provider answered ${posted.status}: ${await posted.text()}`);
console.log((await posted.json()).data.publish_id);
