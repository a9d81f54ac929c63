using System.Reflection;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Skald.Tests.Repository;

/// <summary>Which types the types of a compiled assembly name, in their signatures and in their code.</summary>
internal static class CompiledTypes
{
    /// <returns>
    /// Pairs of full names, both of types of the assembly. What lies within a type, written or made by the compiler, counts as the
    /// outermost one.
    /// </returns>
    public static IEnumerable<(string Type, string Used)> Uses(Assembly assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly.Location);
        return [.. module.Types.SelectMany(type =>
                Named(type).Where(used => used.Scope == module)
                    .Select(used => (type.FullName, Used: Outermost(used).FullName)))
            .Distinct()];
    }

    /// <returns>Full names of the types, of any assembly, that a type names.</returns>
    public static IReadOnlySet<string> UsedBy(Type type)
    {
        using var module = ModuleDefinition.ReadModule(type.Assembly.Location);
        return Named((TypeDefinition)module.ImportReference(type).Resolve()).Select(used => used.FullName)
            .ToHashSet(StringComparer.Ordinal);
    }

    private static TypeReference Outermost(TypeReference type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return type;
    }

    private static IEnumerable<TypeReference> Named(TypeDefinition type) =>
        Of(type).Where(named => named is not null).SelectMany(named => Parts(named!)).Concat(type.NestedTypes.SelectMany(Named));

    private static IEnumerable<TypeReference?> Of(TypeDefinition type) =>
    [
        type.BaseType,
        .. type.Interfaces.Select(implemented => implemented.InterfaceType),
        .. type.Fields.Select(field => field.FieldType),
        .. type.Methods.SelectMany(Of),
        .. new IGenericParameterProvider[] { type }.Concat(type.Methods)
            .SelectMany(generic => generic.GenericParameters).SelectMany(parameter => parameter.Constraints)
            .Select(constraint => constraint.ConstraintType),
        .. new Mono.Cecil.ICustomAttributeProvider[] { type }
            .Concat(type.Fields).Concat(type.Properties).Concat(type.Events).Concat(type.Methods)
            .Concat(type.Methods.SelectMany(method => method.Parameters))
            .SelectMany(marked => marked.CustomAttributes)
            .SelectMany(attribute => attribute.ConstructorArguments
                .Select(argument => argument.Value as TypeReference).Prepend(attribute.AttributeType)),
    ];

    private static IEnumerable<TypeReference?> Of(MethodDefinition method) =>
    [
        method.ReturnType,
        .. method.Parameters.Select(parameter => parameter.ParameterType),
        .. method.Body?.Variables.Select(variable => variable.VariableType) ?? [],
        .. method.Body?.ExceptionHandlers.Select(handler => handler.CatchType) ?? [],
        .. method.Body?.Instructions.SelectMany(Of) ?? [],
    ];

    private static IEnumerable<TypeReference?> Of(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        MethodReference method =>
        [
            method.DeclaringType,
            method.ReturnType,
            .. method.Parameters.Select(parameter => parameter.ParameterType),
            .. method is GenericInstanceMethod generic ? generic.GenericArguments : [],
        ],
        _ => [],
    };

    /// <summary>The types that an array, a reference or a generic type is made of.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Parts).Prepend(generic.ElementType),
        TypeSpecification made => Parts(made.ElementType),
        GenericParameter => [],
        _ => [type],
    };
}
