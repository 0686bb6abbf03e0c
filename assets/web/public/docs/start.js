// A file of its own, because the server's policy runs no inline script.
window.SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  // The validator is somebody else's server.
  validatorUrl: null,
});
