import { renewAccess } from './client';
import { errorFrom, OfflineError } from './errors';
import { storedTokens } from './tokens';
import type { UploadAccepted } from './types';

const URL = '/api/v1/assets';

/** One file by XMLHttpRequest, the only way in browsers to see how far an upload has come. */
export async function sendFile(
  file: File,
  progress: (sent: number) => void,
  signal: AbortSignal,
): Promise<UploadAccepted> {
  const access = storedTokens.read()?.access ?? null;
  let answer = await transfer(file, access, progress, signal);
  if (answer.status === 401 && access) {
    const renewed = await renewAccess(access);
    if (renewed) answer = await transfer(file, renewed, progress, signal);
  }
  if (answer.status < 200 || answer.status > 299) throw errorFrom(answer.status, answer.text);
  return JSON.parse(answer.text) as UploadAccepted;
}

function transfer(
  file: File,
  access: string | null,
  progress: (sent: number) => void,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open('POST', URL);
    request.setRequestHeader('Accept', 'application/json');
    if (access) request.setRequestHeader('Authorization', `Bearer ${access}`);
    request.upload.onprogress = (event) => progress(Math.min(file.size, event.loaded));
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new OfflineError());
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    request.onloadend = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort);
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}
