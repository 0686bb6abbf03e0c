/** An answer of the server that is not a success; `message` is meant for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly cause?: string,
    /** Seconds until the server listens again, where it says so. */
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The server could not be reached at all. */
export class OfflineError extends Error {
  constructor() {
    super('offline');
    this.name = 'OfflineError';
  }
}

/** Reads `{code, message, error}`; anything else (a proxy's page, an empty body) still yields an error. */
export function errorFrom(status: number, text: string, retryAfter?: number): ApiError {
  try {
    const body: unknown = JSON.parse(text);
    if (body && typeof body === 'object') {
      const { message, error } = body as { message?: unknown; error?: unknown };
      const cause = typeof error === 'string' && error ? error : undefined;
      if (typeof message === 'string' && message) return new ApiError(status, message, cause, retryAfter);
      if (cause) return new ApiError(status, cause, undefined, retryAfter);
    }
  } catch {
    // not JSON
  }
  return new ApiError(status, '', undefined, retryAfter);
}
