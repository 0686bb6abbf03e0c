import type { components, paths } from './schema';

type Schemas = components['schemas'];

export type Album = Schemas['Album'];

/** `thumbhash` is an addition of our server; older documents lack it. */
export type Asset = Schemas['Asset'] & { thumbhash?: string };
export type AssetChange = Schemas['AssetChange'];
export type AssetDetail = Schemas['AssetDetail'] & { thumbhash?: string };
export type AssetExif = Schemas['AssetExif'];
export type AssetQuery = Schemas['AssetQuery'];
export type AuditEvent = Schemas['AuditEvent'];
export type AuthSession = Schemas['AuthSession'];
export type BulkOutcome = Schemas['BulkOutcome'];
export type BrowsePage = Schemas['BrowsePage'];
export type Invite = Schemas['Invite'];
export type JobChange = Schemas['JobChange'];
export type JobStateCounts = Schemas['JobStateCounts'];
export type MediaToken = Schemas['MediaToken'];
export type ManagedUser = Schemas['ManagedUser'];
export type MfaStatus = Schemas['MfaStatus'];
export type Passkey = Schemas['Passkey'];
export type PhotoMetadata = Schemas['AssetMetadata'];
export type QueueErrorSample = Schemas['QueueErrorSample'];
export type QueueSummary = Schemas['QueueSummary'];
export type QueueSummaryList = Schemas['QueueSummaryList'];
export type Repository = Schemas['Repository'];
export type RepositoryCreate = Schemas['RepositoryCreate'];
export type RepositoryPatch = Schemas['RepositoryPatch'];
export type ScanRun = Schemas['ScanRun'];
export type RuntimeInfo = Schemas['RuntimeInfo'];
export type SetupStatus = Schemas['SetupStatus'];
export type SignIn = Schemas['Session'];
export type TypedMetadata = Schemas['TypedMetadata'];
export type UploadAccepted = Schemas['UploadAccepted'];
export type UploadSessionProgress = Schemas['UploadSessionProgress'];
export type UploadConfig = Schemas['UploadConfig'];
export type BatchUploadResult = Schemas['BatchUploadResult'];
export type Stack = Schemas['Stack'];
export type SystemSettings = Schemas['SystemSettings'];
export type SystemSettingsPatch = Schemas['SystemSettingsPatch'];
export type TotpSetup = Schemas['TotpSetup'];
export type TrashSummary = Schemas['TrashSummary'];
export type User = Schemas['User'];
export type UserCreate = Schemas['NewUser'];

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export type PathFor<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

type Operation<P extends keyof paths, M extends Method> = paths[P][M];

export type Answer<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: { 200: { content: { 'application/json': infer R } } } } ? R : never;

export type Payload<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody?: { content: { 'application/json': infer B } } } ? B : undefined;
