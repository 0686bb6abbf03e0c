import { noteOffline, renewAccess } from './client';
import { ApiError, errorFrom, OfflineError } from './errors';
import { storedTokens } from './tokens';
import type { BatchUploadResult, UploadAccepted } from './types';

export interface Transfer {
  signal: AbortSignal;
  /** Bytes of this transfer that are on their way. */
  progress(bytes: number): void;
}

/** Sends one whole file. An empty `repository` means the primary one. */
export async function sendFile(file: File, repository: string, transfer: Transfer): Promise<UploadAccepted> {
  const form = new FormData();
  // Before the file, so that the server writes it to the right disk at once.
  if (repository) form.append('repository_id', repository);
  form.append('file', file, file.name);
  return (await sendForm('/api/v1/assets', form, transfer)) as UploadAccepted;
}

/** Sends one chunk; the answer with `status` other than `uploading` tells what became of the file. */
export async function sendChunk(
  bytes: Blob,
  fileName: string,
  field: string,
  repository: string,
  transfer: Transfer,
): Promise<BatchUploadResult> {
  const form = new FormData();
  if (repository) form.append('repository_id', repository);
  form.append(field, bytes, fileName);
  const answer = (await sendForm('/api/v1/assets/batch', form, transfer)) as {
    results?: BatchUploadResult[];
  };
  const result = answer.results?.[0];
  if (!result) throw new ApiError(200, '', 'no result');
  return result;
}

async function sendForm(url: string, form: FormData, transfer: Transfer): Promise<unknown> {
  const access = storedTokens.read()?.access ?? null;
  let answer = await post(url, form, access, transfer);
  if (answer.status === 401 && access) {
    const renewed = await renewAccess(access);
    if (renewed) answer = await post(url, form, renewed, transfer);
  }
  if (answer.status < 200 || answer.status > 299) throw errorFrom(answer.status, answer.text);
  try {
    return JSON.parse(answer.text);
  } catch {
    throw new ApiError(answer.status, '', 'not JSON');
  }
}

/** By XMLHttpRequest, the only way in browsers to see how far an upload has come. */
function post(
  url: string,
  form: FormData,
  access: string | null,
  { signal, progress }: Transfer,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open('POST', url);
    request.setRequestHeader('Accept', 'application/json');
    if (access) request.setRequestHeader('Authorization', `Bearer ${access}`);
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => {
      noteOffline();
      reject(new OfflineError());
    };
    // A page that is left aborts it, too; that is no reason to give the file up.
    request.onabort = () => reject(signal.aborted ? signal.reason : new OfflineError());
    request.onloadend = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort);
    request.send(form);
  });
}
