import tseslint from 'typescript-eslint';

const noHtmlStrings = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'write', 'writeln', 'parseFromString', 'setHTMLUnsafe', 'createContextualFragment'];

export default tseslint.config(
  { ignores: ['.output/', '.wxt/', 'node_modules/', 'scripts/'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-implied-eval': 'error',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        ...noHtmlStrings.map((property) => ({ property, message: 'Build elements (lib/elements.ts); never parse HTML from a string.' })),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.property.name='setInterval'], CallExpression[callee.name='setInterval']", message: 'Observe, do not poll.' },
      ],
    },
  },
  { files: ['eslint.config.js'], ...tseslint.configs.disableTypeChecked },
);
