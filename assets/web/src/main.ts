import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { language } from './i18n';
import { theme } from './lib/theme.svelte';

document.documentElement.lang = language;
theme.start();
mount(App, { target: document.getElementById('app')! });
